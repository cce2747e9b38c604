"""Anomaly detectors: stored and read back; nothing is trained here (kept, docs/kept.md)."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import (
    CloudWatchBase,
    combination,
    dimension_pairs,
    invalid,
    page,
    without_nothing,
)
from harness.emulator.services.cloudwatch.metric_queries import MetricQueries
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json

ANOMALY_DETECTOR = "AnomalyDetector"

DetectorKey = tuple[str, str, str]
"""(account, region, what it watches)"""


@dataclass(slots=True)
class Detector:
    """`watched` is a SingleMetricAnomalyDetector or a MetricMathAnomalyDetector, as `is_math` tells."""

    watched: Json
    is_math: bool
    configuration: Json
    characteristics: Json | None


class DetectorOperations(CloudWatchBase):
    """They have no names: what they watch tells them apart."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.detectors: Table[DetectorKey, Detector] = world.store.table("cloudwatch.detectors")

    @operation
    def put_anomaly_detector(
        self,
        call: Call,
        *,
        namespace: str | None = None,
        metric_name: str | None = None,
        dimensions: list[Json] | None = None,
        stat: str | None = None,
        configuration: Json | None = None,
        metric_characteristics: Json | None = None,
        single_metric_anomaly_detector: Json | None = None,
        metric_math_anomaly_detector: Json | None = None,
    ) -> None:
        """Raises InvalidParameterCombination, MissingParameter."""
        watched, is_math = _watched(
            namespace, metric_name, dimensions, stat, single_metric_anomaly_detector, metric_math_anomaly_detector
        )
        key = _key(call, watched, is_math)
        self.keep(call, _arn(key), {ANOMALY_DETECTOR: True})
        self.detectors.put(key, Detector(watched, is_math, configuration or {}, metric_characteristics))

    @operation
    def describe_anomaly_detectors(
        self,
        call: Call,
        *,
        next_token: str | None = None,
        max_results: int | None = None,
        namespace: str | None = None,
        metric_name: str | None = None,
        dimensions: list[Json] | None = None,
        anomaly_detector_types: list[str] | None = None,
    ) -> Json:
        """Those of single metrics unless other types are asked for."""
        types = anomaly_detector_types or ["SINGLE_METRIC"]
        found = [
            detector
            for key, detector in sorted(self.detectors.items())
            if key[:2] == (call.account, call.region)
            and ("METRIC_MATH" if detector.is_math else "SINGLE_METRIC") in types
            and namespace in (None, detector.watched.get("Namespace"))
            and metric_name in (None, detector.watched.get("MetricName"))
            and (not dimensions or dimension_pairs(dimensions) == dimension_pairs(detector.watched.get("Dimensions")))
        ]
        shown, following = page(found, max_results or 100, next_token)
        return without_nothing({"AnomalyDetectors": [_described(each) for each in shown], "NextToken": following})

    @operation
    def delete_anomaly_detector(
        self,
        call: Call,
        *,
        namespace: str | None = None,
        metric_name: str | None = None,
        dimensions: list[Json] | None = None,
        stat: str | None = None,
        single_metric_anomaly_detector: Json | None = None,
        metric_math_anomaly_detector: Json | None = None,
    ) -> None:
        """Raises ResourceNotFoundException."""
        watched, is_math = _watched(
            namespace, metric_name, dimensions, stat, single_metric_anomaly_detector, metric_math_anomaly_detector
        )
        key = _key(call, watched, is_math)
        if self.detectors.delete(key) is None:
            members = {"ResourceType": ANOMALY_DETECTOR, "ResourceId": key[2]}
            raise AwsError("ResourceNotFoundException", "Unknown", 404, members=members)
        self.world.kept.forget(self.name, _arn(key))


def _watched(
    namespace: str | None,
    metric_name: str | None,
    dimensions: list[Json] | None,
    stat: str | None,
    single: Json | None,
    math: Json | None,
) -> tuple[Json, bool]:
    """What a detector watches, and whether that is metric math."""
    top = without_nothing({"Namespace": namespace, "MetricName": metric_name, "Dimensions": dimensions, "Stat": stat})
    if sum(bool(each) for each in (top, single, math)) > 1:  # text unsure
        raise combination(
            "SingleMetricAnomalyDetector, MetricMathAnomalyDetector and the members of a metric are mutually exclusive."
        )
    if math:
        MetricQueries.read(math.get("MetricDataQueries", ()), "MetricDataQueries")
        return math, True
    watched = single or top
    for member in ("Namespace", "MetricName", "Stat"):
        if member not in watched:
            raise AwsError("MissingParameter", f"The parameter {member} is required.")
    if "AccountId" in watched:
        raise invalid("AccountId is for monitoring accounts.")  # text unsure
    return watched, False


def _key(call: Call, watched: Json, is_math: bool) -> DetectorKey:
    if is_math:
        return (call.account, call.region, orjson.dumps(watched, option=orjson.OPT_SORT_KEYS).decode())
    pairs = dimension_pairs(watched.get("Dimensions"))
    name = "/".join((watched["Namespace"], watched["MetricName"], *(f"{a}={b}" for a, b in pairs), watched["Stat"]))
    return (call.account, call.region, name)


def _arn(key: DetectorKey) -> str:
    """They have no ARN on AWS; the register of kept settings needs a name."""
    return f"arn:aws:cloudwatch:{key[1]}:{key[0]}:anomaly-detector:{key[2]}"


def _described(detector: Detector) -> Json:
    members: Json = {"Configuration": detector.configuration, "StateValue": "PENDING_TRAINING"}
    if detector.characteristics is not None:
        members["MetricCharacteristics"] = detector.characteristics
    if detector.is_math:
        return members | {"MetricMathAnomalyDetector": detector.watched}
    return members | detector.watched | {"SingleMetricAnomalyDetector": detector.watched}
