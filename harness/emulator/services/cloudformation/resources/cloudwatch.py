"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.shape import TAGS
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.emulator.services.cloudformation.resources.tagging import Tagging

TYPES = (
    simple(
        "AWS::CloudWatch::Alarm",
        Api(
            "cloudwatch",
            "PutMetricAlarm",
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Threshold",
            "ThresholdMetricId",
            "TreatMissingData",
            "Unit",
        ),
        update="PutMetricAlarm",
        delete="DeleteAlarms",
        key={"AlarmName": REF},
        delete_key={"AlarmNames": (REF,)},
        ref="{AlarmName}",
        attributes={"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
        replaced_by=("AlarmName",),
        generated=("AlarmName", 255),
        shapes={"Tags": TAGS},
        tagging=Tagging("cloudwatch", "TagResource", "UntagResource", "ResourceARN", as_list=True),
        tagged="{Arn}",
        name_property="AlarmName",
    ),
)
