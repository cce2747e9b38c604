"""The report as JUnit XML: fail is a failure, unknown an error, and what was not played is skipped."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from harness.drills.result import Result, Results

# Control characters that XML 1.0 cannot hold at all.
_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))


def render(results: Results) -> str:
    suite = ET.Element(
        "testsuite",
        name="harness drill",
        tests=str(len(results.results)),
        failures=str(results.count("fail")),
        errors=str(results.count("unknown")),
        skipped=str(results.count("skipped")),
        time=f"{results.real_seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("seed", str(results.seed)), ("virtual_seconds", f"{results.virtual_seconds:.3f}")):
        ET.SubElement(properties, "property", name=name, value=value)
    for result in results.results:
        _case(suite, result)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, result: Result) -> None:
    drill = result.drill
    case = ET.SubElement(
        suite, "testcase", classname=f"drill.{drill.system}", name=drill.name, time=f"{result.real_ms / 1000:.3f}"
    )
    lines = [*(f"because {reason}" for reason in result.verdict.reasons), *result.ledger, f"again: {result.reproduce}"]
    text = "\n".join(lines).translate(_FORBIDDEN)
    if result.skipped:
        ET.SubElement(case, "skipped", message="; ".join(result.verdict.reasons).translate(_FORBIDDEN))
    elif not result.passed:
        tag = "failure" if result.verdict.word == "fail" else "error"
        message = "; ".join(result.verdict.reasons).translate(_FORBIDDEN)
        ET.SubElement(case, tag, message=message, type=result.verdict.word).text = text
    else:
        ET.SubElement(case, "system-out").text = text
