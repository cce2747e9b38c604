"""The handle that the tests of the full stack hold: what its four systems did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from harness.json_object import Json
from tests.conftest import Aws
from tests.integration.deployed import Deployed

SINK = "log-api.newrelic.com"


class FullStack(Deployed):
    """The full stack on this worker's emulator, as it was right after the apply. Time stands still."""

    def __init__(self, aws: Aws, outputs: Json) -> None:
        super().__init__(aws, outputs)
        self.submit: Json = self.outputs["submit"]
        self.iot: Json = self.outputs["iot"]
        self.log_relay: Json = self.outputs["log_relay"]
        self.events: Json = self.outputs["event_ingestion"]
        self.flows: dict[str, Json] = self.events["flows"]

    def deliveries(self) -> list[Json]:
        """The requests that the HTTP endpoint received, oldest first."""
        requests: list[Json] = self.aws.admin("GET", f"sinks/{SINK}")["requests"]
        return requests

    def answer_with(self, *answers: Json) -> None:
        """Script the HTTP endpoint: `{"status": 500, "times": 3}`; afterwards it acknowledges."""
        self.aws.admin("PUT", f"sinks/{SINK}", {"answers": list(answers)})

    def processed(self, event_type: str) -> list[Json]:
        """The events that a processor logged as processed, retries included."""
        pattern = re.compile(rf"Processed {event_type} \d+ (\{{.*\}})")
        found = map(pattern.search, self.log(self.flows[event_type]["processor_log_group_name"]))
        return [json.loads(match[1]) for match in found if match]

    def dead_letters(self, event_type: str) -> list[Json]:
        """The bodies of all messages in the dead-letter queue, taken out of it."""
        sqs, url = self.aws.client("sqs"), self.flows[event_type]["dlq_url"]
        bodies: list[Json] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def data_of(deliveries: Iterable[Json]) -> list[str]:
    """The base64 data of every record in the HTTP endpoint's requests."""
    return [record["data"] for delivery in deliveries for record in json.loads(delivery["body"])["records"]]
