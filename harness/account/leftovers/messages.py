"""SQS queues and SNS topics."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark


class Queues:
    noun = "queue"
    types = frozenset({"aws_sqs_queue"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=mark.prefix):
            yield from (url for url in page.get("QueueUrls", []) if mark.names(url.rpartition("/")[2]))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("sqs").delete_queue(QueueUrl=name)


class Topics:
    noun = "topic"
    types = frozenset({"aws_sns_topic"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("sns").get_paginator("list_topics").paginate():
            for each in page["Topics"]:
                if mark.names(each["TopicArn"].rpartition(":")[2]):
                    yield each["TopicArn"]

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("sns").delete_topic(TopicArn=name)
