"""Resources addressed by `ResourceARN`: a stream or a consumer. And their resource policies."""

from __future__ import annotations

import json

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.base import ConsumerKey, KinesisBase
from harness.emulator.services.kinesis.model import Consumer, Stream
from harness.json_object import Json


class ResourceOperations(KinesisBase):
    """Resource policies are kept and given back; only their presence opens a stream to other accounts."""

    def find_resource(self, call: Call, arn: str) -> Stream | Consumer:
        """The stream or consumer. Raises NotEmulated for channels and queues, else as `find` and `find_consumer`."""
        kind = arn.split(":", 5)[5].split("/")[0]
        if kind != "stream":
            raise self.refuse(f"a resource of type {kind}")
        if "/consumer/" in arn:
            return self.find_consumer(call, arn)[1]
        return self.find(call, None, arn)

    def resource_policy(self, resource: str) -> str | None:
        """The policy of a stream or consumer."""
        _, _, _, region, account, rest = resource.split(":", 5)
        parts = rest.split("/")
        if parts[0] != "stream" or len(parts) not in (2, 4):
            return None
        if len(parts) == 2:
            stream = self.streams.get((account, region, parts[1]))
            return stream.policy if stream is not None else None
        consumer = self.consumers.get((account, region, parts[1], parts[3].partition(":")[0]))
        return consumer.policy if consumer is not None else None

    def put_resource(self, call: Call, arn: str, resource: Stream | Consumer) -> None:
        if isinstance(resource, Stream):
            self.streams.put(resource.key, resource)
        else:
            self.consumers.put(self.find_consumer(call, arn)[0], resource)

    def find_consumer(self, call: Call, arn: str) -> tuple[ConsumerKey, Consumer]:
        """Raises ResourceNotFoundException."""
        stream = self.find(call, None, arn)
        name, _, created = arn.rsplit("/", 1)[1].partition(":")
        key = (*stream.key, name)
        consumer = self.consumers.get(key)
        if consumer is None or (created and consumer.arn != arn):
            raise messages.consumer_not_found(name, created, stream)
        return key, consumer

    @operation
    def put_resource_policy(self, call: Call, *, resource_arn: str, policy: str) -> Json:
        """Attach a policy, replacing the former one."""
        resource = self.find_resource(call, resource_arn)
        try:
            document = json.loads(policy)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise messages.invalid("Policy validation error: This policy contains invalid Json")
        resource.policy = _normal(document)
        self.put_resource(call, resource_arn, resource)
        return {}

    @operation
    def get_resource_policy(self, call: Call, *, resource_arn: str) -> Json:
        """The policy in AWS's compact form; `{}` if there is none (recorded)."""
        return {"Policy": self.find_resource(call, resource_arn).policy or "{}"}

    @operation
    def delete_resource_policy(self, call: Call, *, resource_arn: str) -> Json:
        """Raises ResourceNotFoundException if there is none (recorded)."""
        resource = self.find_resource(call, resource_arn)
        if resource.policy is None:
            raise messages.not_found(f"No resource policy found for resource ARN {resource_arn}.")
        resource.policy = None
        self.put_resource(call, resource_arn, resource)
        return {}


def _normal(document: Json) -> str:
    """Compact JSON; a list of one action is written as that action (recorded)."""
    statements = document.get("Statement")
    for statement in statements if isinstance(statements, list) else []:
        actions = statement.get("Action") if isinstance(statement, dict) else None
        if isinstance(actions, list) and len(actions) == 1:
            statement["Action"] = actions[0]
    return json.dumps(document, separators=(",", ":"))
