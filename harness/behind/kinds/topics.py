"""SNS: who is subscribed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.behind.kind import Json


class Topics:
    service, noun = "sns", "topic"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_topics").paginate():
            for topic in page["Topics"]:
                yield topic["TopicArn"]

    def describe(self, client: Any, name: str) -> Json:
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=name)
        subscriptions = [[each["Protocol"], each["Endpoint"]] for page in pages for each in page["Subscriptions"]]
        policy = client.get_topic_attributes(TopicArn=name)["Attributes"].get("Policy")
        return {"subscriptions": sorted(subscriptions), "policy": policy}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """Take away subscriptions that came later."""
        kept = before.get("subscriptions", [])
        for page in client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=name):
            for each in page["Subscriptions"]:
                if [each["Protocol"], each["Endpoint"]] not in kept and each["SubscriptionArn"].startswith("arn:"):
                    client.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def remove(self, client: Any, name: str) -> None:
        self.empty(client, name, {}, {})
        client.delete_topic(TopicArn=name)
