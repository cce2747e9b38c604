"""`make bench`: measure beside the peers in one run, print the table, and write it into bench/README.md.

    python -m bench [--quick] [--only NAME …]

Figures of one run are comparable with each other only. Not a test: nothing is asserted.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from typing import Any

from bench import cases
from bench.contenders import ROOT, Contender, ministack, moto, ours
from bench.drills import drill_row
from bench.topology import topology_rows

Row = tuple[str, str, str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load")
    parser.add_argument("--only", nargs="*", default=[], help="names of rows to run; README.md is left alone then")
    parser.add_argument("--skip-topology", action="store_true", help="leave out the make up measurement")
    options = parser.parse_args()
    scale = 0.1 if options.quick else 1.0
    rows: list[Row] = []

    def row(name: str, measure: Callable[[Contender], Any], moto_can: bool = True, ministack_can: bool = True) -> None:
        if options.only and not any(wanted in name for wanted in options.only):
            return
        figures: list[Any] = []
        for contender, can in ((ours(), True), (moto(), moto_can), (ministack(), ministack_can)):
            figures.append(cases.attempt(lambda c=contender: measure(c)) if can else "cannot")  # type: ignore[misc]
        own, first, second = (_show(figure) for figure in figures)
        rows.append((name, own, first, second, _ratios(name, figures)))
        print(" | ".join(rows[-1]), flush=True)

    all_three = ("kinesis", "firehose", "lambda")
    row(
        "start → first calls (ours: Kinesis+Firehose+Lambda; peers: Kinesis), s",
        lambda c: min(
            cases.until_answers(c, all_three if c.name == "pipeline-harness" else ("kinesis",)) for _ in range(5)
        ),
    )
    row("Kinesis PutRecords 500 × 200 B, records/s, first 100,000", lambda c: _put_records(c, scale)[0])
    row("the same, last 100,000 of 1,000,000 (peers: of 20 s)", lambda c: _put_records(c, scale)[1])
    row("Kinesis PutRecord 200 B, calls/s", lambda c: cases.put_record(c, int(20_000 * scale), 15))
    row(
        "Firehose PutRecordBatch 500 × 200 B → S3, records/s",
        lambda c: cases.put_record_batch(c, int(1_000 * scale), 15),
    )
    row(
        "Firehose Direct PUT 500 × 200 B until in S3, records/s",
        lambda c: cases.firehose_to_s3(c, int(1_000 * scale), 15),
    )
    row(
        "Kinesis → Firehose 500 × 200 B until in S3, records/s",
        lambda c: cases.firehose_to_s3(c, int(1_000 * scale), 15, kinesis=True),
        moto_can=False,
    )
    row(
        "API Gateway POST → VTL → Kinesis, calls/s",
        lambda c: cases.api_gateway_to_kinesis(c, int(10_000 * scale), 15),
    )
    row(
        "Kinesis → Firehose → Python transform → S3, records/s until visible",
        lambda c: _pipeline(c, int(600_000 * scale) if c.name == "pipeline-harness" else 500),
        moto_can=False,
    )
    if not options.skip_topology and not options.only:
        rows += [*topology_rows(), drill_row()]
    table = _table(rows)
    print("\n" + table)
    if not options.only and not options.quick:
        _write(table)


_put_records_done: dict[str, Any] = {}


def _put_records(contender: Contender, scale: float) -> tuple[float, float]:
    """Both figures come from one run per contender."""
    if contender.name not in _put_records_done:
        calls, bound = (int(2_000 * scale), 300.0) if contender.name == "pipeline-harness" else (400, 20.0)
        _put_records_done[contender.name] = cases.put_records(contender, calls, bound)
    figures: tuple[float, float] = _put_records_done[contender.name]
    return figures


def _pipeline(contender: Contender, records: int) -> str:
    figures = cases.pipeline(contender, records)
    return (
        f"{figures['records/s']:,.0f} ({figures['cpu_s']:.1f} CPU s, {figures['peak_mb']:.0f} MB, {records:,} records)"
    )


def _show(figure: Any) -> str:
    if isinstance(figure, float):
        return f"{figure:.2f}" if figure < 10 else f"{figure:,.0f}"
    return str(figure)


def _ratios(name: str, figures: list[Any]) -> str:
    """Ours over each peer's (peer's over ours for seconds), where both are figures."""
    own, *peers = figures
    if not isinstance(own, float):
        return ""
    texts = []
    for peer in peers:
        if isinstance(peer, float) and peer > 0 and own > 0:
            texts.append(f"{(peer / own if name.startswith('start') else own / peer):.1f} ×")
        else:
            texts.append("–")
    return " / ".join(texts)


def _table(rows: list[Row]) -> str:
    lines = ["| what | pipeline-harness | moto_server | ministack | ours against moto / ministack |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def _write(table: str) -> None:
    page = ROOT / "bench" / "README.md"
    stamp = time.strftime("%Y-%m-%d")
    page.write_text(
        "# Benchmark\n\n"
        "Made by `make bench`; every figure of the table comes from one run, so compare within it only.\n"
        "One keep-alive connection and a raw HTTP client, unless the row says otherwise. The peers\n"
        "(`bench/requirements.txt`) live in an environment of their own that the benchmark makes.\n\n"
        f"Last run: {stamp}, Python {platform.python_version()}, {platform.system()}, 2 shared cores.\n\n{table}\n\n"
        "API Gateway to Kinesis is something that neither peer can do; LocalStack 4.14 was once measured\n"
        "at 56 calls/s on such a machine (another run, through boto3).\n"
    )


if __name__ == "__main__":
    main()
