"""SNS: topics, and who is subscribed."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json


class Topics:
    service, noun = "sns", "topic"
    types = frozenset({"aws_sns_topic"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("sns").get_paginator("list_topics").paginate():
            for topic in page["Topics"]:
                yield Found(topic["TopicArn"], (topic["TopicArn"].rpartition(":")[2],))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        sns = client_of("sns")
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=id)
        subscriptions = [[each["Protocol"], each["Endpoint"]] for page in pages for each in page["Subscriptions"]]
        policy = sns.get_topic_attributes(TopicArn=id)["Attributes"].get("Policy")
        return {"subscriptions": sorted(subscriptions), "policy": policy}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """Take away subscriptions that came later."""
        sns, kept = client_of("sns"), before.get("subscriptions", [])
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=id):
            for each in page["Subscriptions"]:
                if [each["Protocol"], each["Endpoint"]] not in kept and each["SubscriptionArn"].startswith("arn:"):
                    sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        self.empty(client_of, id, {}, {})
        client_of("sns").delete_topic(TopicArn=id)
