"""AWS::Logs::*, AWS::CloudWatch::Alarm, AWS::SSM::Parameter and AWS::SecretsManager::Secret (E2, E3)."""

from __future__ import annotations

from tests.conformance.cloudformation.stack import Stack, assert_gone
from tests.conftest import Aws

_LOGS = """
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/aws/lambda/${AWS::StackName}", RetentionInDays: "7"}
  Stream: {Type: AWS::Logs::LogStream, Properties: {LogGroupName: !Ref Group}}
  Topic: {Type: AWS::SNS::Topic}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions: [{Name: FunctionName, Value: f}]
      Statistic: Sum
      Period: "60"
      EvaluationPeriods: "1"
      Threshold: "1"
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref Topic]
      Tags: [{Key: team, Value: iot}]
Outputs:
  Group: {Value: !Ref Group}
  GroupArn: {Value: !GetAtt Group.Arn}
  Stream: {Value: !Ref Stream}
  Alarm: {Value: !Ref Alarm}
  AlarmArn: {Value: !GetAtt Alarm.Arn}
  Topic: {Value: !Ref Topic}
"""


def test_logs_and_alarms_have_what_their_template_says(aws: Aws) -> None:
    """E2, E3: retention, the alarm's whole definition, and nothing left."""
    stack = Stack(aws, "watch").deploy(_LOGS)
    outputs = stack.outputs()
    logs, cloudwatch = aws.client("logs"), aws.client("cloudwatch")
    group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/watch")["logGroups"][0]
    assert (group["logGroupName"], group["retentionInDays"]) == (outputs["Group"], 7)
    assert outputs["GroupArn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/watch:*"
    streams = logs.describe_log_streams(logGroupName=outputs["Group"])["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == [outputs["Stream"]]
    alarm = cloudwatch.describe_alarms(AlarmNames=[outputs["Alarm"]])["MetricAlarms"][0]
    assert (alarm["Threshold"], alarm["Period"], alarm["TreatMissingData"]) == (1.0, 60, "notBreaching")
    assert (alarm["AlarmArn"], alarm["AlarmActions"]) == (outputs["AlarmArn"], [outputs["Topic"]])
    assert {"Key": "team", "Value": "iot"} in cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]

    stack.delete()
    assert logs.describe_log_groups()["logGroups"] == []
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


_WATCH = """
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: rate
      Metrics:
        - {Id: rate, Expression: "100 * errors / FILL(calls, 1)", ReturnData: true}
        - Id: errors
          ReturnData: false
          MetricStat: {Stat: Sum, Period: 60, Metric: {Namespace: AWS/Lambda, MetricName: Errors}}
        - Id: calls
          ReturnData: false
          MetricStat: {Stat: Sum, Period: 60, Metric: {Namespace: AWS/Lambda, MetricName: Invocations}}
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanThreshold
  Both:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmName: both, AlarmRule: !Sub "ALARM(${Alarm})"}
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: {DashboardName: board, DashboardBody: '{"widgets": []}'}
  Streamed:
    Type: AWS::CloudWatch::MetricStream
    Properties:
      FirehoseArn: arn:aws:firehose:us-east-1:000000000000:deliverystream/metrics
      RoleArn: arn:aws:iam::000000000000:role/streams
      OutputFormat: json
Outputs:
  Both: {Value: !GetAtt Both.Arn}
  Streamed: {Value: !GetAtt Streamed.Arn}
"""


def test_math_composites_and_dashboards(aws: Aws) -> None:
    """E2: what is kept is named as such, also where a template makes it."""
    stack = Stack(aws, "watch").deploy(_WATCH)
    cloudwatch = aws.client("cloudwatch")
    shown = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [query["Id"] for query in shown["MetricAlarms"][0]["Metrics"]] == ["rate", "errors", "calls"]
    assert (shown["CompositeAlarms"][0]["AlarmRule"], shown["CompositeAlarms"][0]["AlarmArn"]) == (
        "ALARM(rate)",
        stack.outputs()["Both"],
    )
    assert cloudwatch.get_dashboard(DashboardName="board")["DashboardBody"] == '{"widgets": []}'
    assert cloudwatch.list_metric_streams()["Entries"][0]["Arn"] == stack.outputs()["Streamed"]
    assert {one["setting"] for one in aws.admin("GET", "kept")["kept"]} == {"Dashboard", "MetricStream"}
    stack.delete()
    assert cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["CompositeAlarms"] == []
    assert aws.admin("GET", "kept")["kept"] == []


def test_logs_and_alarms_are_changed_in_place(aws: Aws) -> None:
    """The log group keeps its streams while its retention goes; the alarm is put anew under its name."""
    stack = Stack(aws, "watch").deploy(_LOGS)
    outputs = stack.outputs()
    changed = _LOGS.replace(', RetentionInDays: "7"', "").replace('Threshold: "1"', 'Threshold: "5.5"')
    stack.deploy(changed)
    assert stack.outputs() == outputs
    group = aws.client("logs").describe_log_groups()["logGroups"][0]
    assert "retentionInDays" not in group
    alarm = aws.client("cloudwatch").describe_alarms()["MetricAlarms"][0]
    assert alarm["Threshold"] == 5.5


def test_an_alarm_that_cannot_be_fails(aws: Aws) -> None:
    """E2: CloudWatch's own objection is the reason."""
    reasons = Stack(aws, "watch").fail(_LOGS.replace("GreaterThanOrEqualToThreshold", "LouderThanThreshold"))
    assert "LouderThanThreshold is not a valid enum value" in reasons["Alarm"]


def test_a_subscription_filter_to_a_function_is_refused_by_name(aws: Aws) -> None:
    """Law 1: log events go nowhere but to another destination of CloudWatch Logs here."""
    template = """
Resources:
  Group: {Type: AWS::Logs::LogGroup}
  Filter:
    Type: AWS::Logs::SubscriptionFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: ""
      DestinationArn: arn:aws:lambda:us-east-1:000000000000:function:f
"""
    assert "destinationArn" in Stack(aws, "filtered").fail(template)["Filter"]


def test_settings_are_there_to_be_read(aws: Aws) -> None:
    """A parameter and a secret: created, changed, deleted at once."""
    template = """
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /app/level, Type: String, Value: info, Tags: {team: iot}}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {Description: for tests, SecretString: test, Tags: [{Key: team, Value: iot}]}
Outputs:
  Parameter: {Value: !Ref Parameter}
  Value: {Value: !GetAtt Parameter.Value}
  Secret: {Value: !Ref Secret}
"""
    stack = Stack(aws, "settings").deploy(template)
    outputs, ssm, secrets = stack.outputs(), aws.client("ssm"), aws.client("secretsmanager")
    assert (outputs["Parameter"], outputs["Value"]) == ("/app/level", "info")
    assert ssm.get_parameter(Name="/app/level")["Parameter"]["Value"] == "info"
    assert secrets.get_secret_value(SecretId=outputs["Secret"])["SecretString"] == "test"
    stack.deploy(template.replace("Value: info", "Value: debug").replace("SecretString: test", "SecretString: example"))
    assert stack.outputs()["Value"] == "debug"
    assert ssm.get_parameter(Name="/app/level")["Parameter"]["Value"] == "debug"
    assert secrets.get_secret_value(SecretId=outputs["Secret"])["SecretString"] == "example"
    stack.delete()
    assert_gone("ParameterNotFound", ssm.get_parameter, Name="/app/level")
    assert_gone("ResourceNotFoundException", secrets.describe_secret, SecretId=outputs["Secret"])
