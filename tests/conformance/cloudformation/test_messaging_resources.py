"""AWS::SQS::*, AWS::SNS::* and AWS::Events::Rule (E4)."""

from __future__ import annotations

import json

from tests.conformance.cloudformation.stack import Stack, assert_gone
from tests.conftest import Aws

_MESSAGING = """
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: "60"
      MessageRetentionPeriod: 3600
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Tags: [{Key: team, Value: iot}]
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: "true", ContentBasedDeduplication: true}}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: Alarms
      Subscription: [{Protocol: sqs, Endpoint: !GetAtt Dead.Arn}]
      Tags: [{Key: team, Value: iot}]
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      RawMessageDelivery: "true"
      FilterPolicy: {kind: [event]}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: cloudwatch.amazonaws.com}, Action: sns:Publish, Resource: !Ref Topic}
Outputs:
  Queue: {Value: !Ref Queue}
  QueueArn: {Value: !GetAtt Queue.Arn}
  QueueName: {Value: !GetAtt Queue.QueueName}
  Ordered: {Value: !GetAtt Ordered.QueueName}
  Topic: {Value: !Ref Topic}
  TopicName: {Value: !GetAtt Topic.TopicName}
  Subscription: {Value: !Ref Subscription}
"""


def test_queues_and_topics_have_what_their_template_says(aws: Aws) -> None:
    """E4: attributes, policies, subscriptions; a message finds its way."""
    stack = Stack(aws, "letters").deploy(_MESSAGING)
    outputs = stack.outputs()
    sqs, sns = aws.client("sqs"), aws.client("sns")
    shown = sqs.get_queue_attributes(QueueUrl=outputs["Queue"], AttributeNames=["All"])["Attributes"]
    assert (shown["VisibilityTimeout"], shown["MessageRetentionPeriod"]) == ("60", "3600")
    assert shown["QueueArn"] == outputs["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{outputs['QueueName']}"
    assert json.loads(shown["RedrivePolicy"])["maxReceiveCount"] == 3
    assert json.loads(shown["Policy"])["Statement"][0]["Principal"] == {"Service": "sns.amazonaws.com"}
    assert outputs["Ordered"].endswith(".fifo")
    topic = sns.get_topic_attributes(TopicArn=outputs["Topic"])["Attributes"]
    assert topic["DisplayName"] == "Alarms"
    assert json.loads(topic["Policy"])["Statement"][0]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert outputs["Topic"].endswith(f":{outputs['TopicName']}")
    attribute = {"kind": {"DataType": "String", "StringValue": "event"}}
    sns.publish(TopicArn=outputs["Topic"], Message="hello", MessageAttributes=attribute)
    assert sqs.receive_message(QueueUrl=outputs["Queue"])["Messages"][0]["Body"] == "hello"

    stack.delete()
    assert "QueueUrls" not in sqs.list_queues()
    assert sns.list_topics()["Topics"] == []
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_queues_and_topics_are_changed_in_place(aws: Aws) -> None:
    """What a template takes away goes back to its default."""
    stack = Stack(aws, "letters").deploy(_MESSAGING)
    outputs = stack.outputs()
    changed = _MESSAGING.replace('VisibilityTimeout: "60"', "VisibilityTimeout: 90")
    changed = changed.replace("      MessageRetentionPeriod: 3600\n", "").replace(
        "DisplayName: Alarms", "DisplayName: All"
    )
    changed = changed.replace("      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}\n", "")
    changed = changed.replace("      Subscription: [{Protocol: sqs, Endpoint: !GetAtt Dead.Arn}]\n", "")
    changed = changed.replace("FilterPolicy: {kind: [event]}", "FilterPolicy: {kind: [alarm]}")
    before, _ = changed.split("  TopicPolicy:")
    stack.deploy(before + "Outputs:" + changed.split("Outputs:")[1])
    assert stack.outputs() == outputs
    sqs, sns = aws.client("sqs"), aws.client("sns")
    shown = sqs.get_queue_attributes(QueueUrl=outputs["Queue"], AttributeNames=["All"])["Attributes"]
    assert (shown["VisibilityTimeout"], shown["MessageRetentionPeriod"]) == ("90", "345600")
    assert "RedrivePolicy" not in shown
    topic = sns.get_topic_attributes(TopicArn=outputs["Topic"])["Attributes"]
    assert (topic["DisplayName"], json.loads(topic["Policy"])["Id"]) == ("All", "__default_policy_ID")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=outputs["Topic"])["Subscriptions"]
    assert [one["SubscriptionArn"] for one in subscriptions] == [outputs["Subscription"]]
    filtered = sns.get_subscription_attributes(SubscriptionArn=outputs["Subscription"])["Attributes"]
    assert json.loads(filtered["FilterPolicy"]) == {"kind": ["alarm"]}


def test_another_endpoint_replaces_a_subscription(aws: Aws) -> None:
    """Endpoint: a new subscription, the old one ended."""
    stack = Stack(aws, "letters").deploy(_MESSAGING)
    before = stack.outputs()["Subscription"]
    changed = _MESSAGING.replace("      Subscription: [{Protocol: sqs, Endpoint: !GetAtt Dead.Arn}]\n", "")
    stack.deploy(changed.replace("Endpoint: !GetAtt Queue.Arn", "Endpoint: !GetAtt Dead.Arn"))
    after = stack.outputs()["Subscription"]
    assert after != before
    assert_gone("NotFound", aws.client("sns").get_subscription_attributes, SubscriptionArn=before)


def test_a_subscription_that_is_not_delivered_is_refused_by_name(aws: Aws) -> None:
    """Law 1: SNS does not reach functions here."""
    template = _MESSAGING.replace("      Protocol: sqs\n", "      Protocol: lambda\n")
    assert "Protocol=lambda" in Stack(aws, "letters").fail(template)["Subscription"]


def test_a_rule_has_its_targets(aws: Aws) -> None:
    """A scheduled rule: its targets change in place, and go with it."""
    template = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(5 minutes)
      State: DISABLED
      Targets: [{Id: first, Arn: !GetAtt Queue.Arn, Input: '{"a": 1}'}]
  Matching: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [my.app]}}}
Outputs:
  Name: {Value: !Ref Rule}
  Arn: {Value: !GetAtt Rule.Arn}
  Matching: {Value: !Ref Matching}
"""
    stack = Stack(aws, "rules").deploy(template)
    outputs, events = stack.outputs(), aws.client("events")
    shown = events.describe_rule(Name=outputs["Name"])
    assert (shown["Arn"], shown["State"]) == (outputs["Arn"], "DISABLED")
    assert json.loads(events.describe_rule(Name=outputs["Matching"])["EventPattern"]) == {"source": ["my.app"]}
    assert [target["Id"] for target in events.list_targets_by_rule(Rule=outputs["Name"])["Targets"]] == ["first"]
    stack.deploy(template.replace("Id: first", "Id: second").replace("rate(5 minutes)", "rate(1 hour)"))
    assert events.describe_rule(Name=outputs["Name"])["ScheduleExpression"] == "rate(1 hour)"
    assert [target["Id"] for target in events.list_targets_by_rule(Rule=outputs["Name"])["Targets"]] == ["second"]
    stack.delete()
    assert events.list_rules()["Rules"] == []
