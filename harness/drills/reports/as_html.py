"""The report as one HTML file: no script, no request to anywhere; its style and drawings are part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from harness.drills.drill_run import FaultRun
from harness.drills.reports.chart import STATES, at_the_end, chart, legend
from harness.drills.reports.spans import span
from harness.drills.reports.style import STYLE
from harness.drills.result import Result, Results
from harness.version import VERSION


def render(results: Results) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Drills: {escape(_counts(results))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{_head(results)}\n<h2>Summary</h2>\n{_summary(results)}\n<h2>Timelines</h2>\n"
        f'<p class="soft">{_HOW_TO_READ}</p>\n'
        + "\n".join(_drill(result) for result in results.results)
        + f"\n<h2>Failure paths</h2>\n{_paths(results)}\n</main>\n</body>\n</html>\n"
    )


_HOW_TO_READ = (
    "Records by state over virtual time, by the time stamps of the sinks. Red bands are faults: the time they were "
    "declared for, else the steps of the clock in which they fired. Dropped and expired records leave nothing to find; "
    "they stand at the end."
)


def _counts(results: Results) -> str:
    return ", ".join(f"{count} {word}" for word, count in results.words.items())


def _head(results: Results) -> str:
    figures = [
        (_counts(results), f"of {len(results.results)} drills"),
        (span(results.virtual_seconds), "virtual time"),
        (f"{results.real_seconds:.1f} s", "real time, start included"),
        (f"{results.simulated_per_second:,.0f}", "simulated seconds per second"),
        (str(results.seed), "seed"),
    ]
    items = "".join(f"<li><b>{escape(value)}</b><span>{escape(name)}</span></li>" for value, name in figures)
    return (
        f'<h1>Drills</h1>\n<p class="soft">pipeline-harness {escape(VERSION)}. A drill passes when '
        "nothing is in flight, every record has exactly the declared fate, and every declared fault fired.</p>\n"
        f'<ul class="figures">{items}</ul>'
    )


def _summary(results: Results) -> str:
    rows = "".join(_row(result) for result in results.results)
    seen = [state for state in STATES if any(state in at_the_end(result) for result in results.results)]
    return (
        '<div class="wide"><table><thead><tr><th>Verdict</th><th>Drill</th><th class="hide">System</th>'
        '<th class="n hide">Records</th><th>Fates</th><th class="n hide">Faults fired</th>'
        '<th class="n">Virtual</th><th class="n hide">Real</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{legend(seen, {})}"
    )


def _row(result: Result) -> str:
    drill = result.drill
    fired = sum(fault.fired for fault in result.faults)
    return (
        f"<tr><td>{_word(result)}</td>"
        f'<td class="name"><a href="#{escape(drill.name)}" title="{escape(drill.title)}">{escape(drill.name)}</a></td>'
        f'<td class="system hide">{escape(drill.system)}</td><td class="n hide">{drill.records}</td>'
        f"<td>{_mini(result)}</td>"
        f'<td class="n hide">{fired:,}</td><td class="n">{escape(span(result.virtual_seconds))}</td>'
        f'<td class="n hide">{result.real_ms:,.0f} ms</td></tr>'
    )


def _word(result: Result) -> str:
    word = result.verdict.word
    return f'<span class="word {word}">{word}</span>'


def _mini(result: Result) -> str:
    """How the records ended, as a bar."""
    counts = at_the_end(result)
    text = ", ".join(f"{count} {STATES[state]}" for state, count in counts.items())
    parts = "".join(f'<i class="s-{state}" style="flex:{count}"></i>' for state, count in counts.items())
    return f'<div class="mini" role="img" aria-label="{escape(text)}" title="{escape(text)}">{parts}</div>'


def _drill(result: Result) -> str:
    drill = result.drill
    loss = ' <span class="word unknown">declared loss</span>' if drill.expected_loss else ""
    return (
        f'<section class="drill" id="{escape(drill.name)}"><header><h3>{escape(drill.name)}</h3>'
        f"{_word(result)}{loss}"
        f'<span class="times">{escape(span(result.virtual_seconds))} in {result.real_ms:,.0f} ms</span></header>'
        f'<p>{escape(drill.title)}.</p><p class="proves">{escape(" · ".join([drill.system, *drill.proves]))}</p>'
        f"{_reasons(result)}{chart(result)}{_faults(result.faults)}{_ledger(result)}</section>"
    )


def _reasons(result: Result) -> str:
    if not result.verdict.reasons:
        return ""
    items = "".join(f"<li>{escape(reason)}</li>" for reason in result.verdict.reasons)
    return f'<ul class="reasons {result.verdict.word}">{items}</ul>'


def _faults(faults: Iterable[FaultRun]) -> str:
    rows = "".join(
        f"<tr><td>{escape(fault.id)}</td><td>{escape(fault.kind)}</td><td>{escape(fault.summary)}</td>"
        f'<td class="n">{fault.fired}</td></tr>'
        for fault in faults
    )
    return (
        f'<details><summary>Declared faults</summary><div class="wide"><table class="faults"><thead><tr><th>Id</th>'
        f'<th>Fault</th><th>Where and when</th><th class="n">Fired</th></tr></thead><tbody>{rows}</tbody></table></div>'
        "</details>"
    )


def _ledger(result: Result) -> str:
    text = "\n".join(result.ledger) or "the ledger was not struck"
    shown = "" if result.passed else " open"
    return (
        f"<details{shown}><summary>Ledger, and how to run it again</summary><pre>{escape(text)}</pre>"
        f"<pre>{escape(result.reproduce)}</pre></details>"
    )


def _paths(results: Results) -> str:
    """Which failure path is played by which drills."""
    paths: dict[str, list[Result]] = defaultdict(list)
    for result in results.results:
        for path in result.drill.proves:
            paths[path].append(result)
    items = "".join(
        f"<li><b>{escape(path)}</b>: " + ", ".join(_link(result) for result in played) + "</li>"
        for path, played in sorted(paths.items())
    )
    return f'<ul class="paths">{items}</ul>'


def _link(result: Result) -> str:
    name = escape(result.drill.name)
    return f'<a href="#{name}">{name}</a>'
