"""The look of the HTML report: follows the reader's light or dark preference, and fits a phone."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1e21; --soft: #646a73; --line: #e2e4e8; --code: #f2f3f5;
  --pass: #1a7f4b; --pass-tint: #e3f4ea; --fail: #b3261e; --fail-tint: #fbe6e4; --unknown: #8a5a00;
  --unknown-tint: #fbf0d9; --band: #b3261e; --link: #1f5fbf;
  --delivered: #3f9d74; --processing-failed: #e0873a; --delivery-failed: #c9a227; --dead-lettered: #8a63c9;
  --dropped: #8d96a3; --expired: #c43d3d; --buffered: #5aa0d6; --unknown-state: #b7b0a2; --refused: #d3c3bd;
  --throttled: #d9d0b4; --flight: #bcd5ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --card: #1d2024; --ink: #e6e8eb; --soft: #9aa1ab; --line: #30343a; --code: #25292e;
    --pass: #6ccf9c; --pass-tint: #17352a; --fail: #ff8f86; --fail-tint: #43201e; --unknown: #e8bd6a;
    --unknown-tint: #3b2f16; --band: #ff8f86; --link: #8ab8ff;
    --delivered: #4fae86; --processing-failed: #e59650; --delivery-failed: #d3b13e; --dead-lettered: #a283dd;
    --dropped: #7d8794; --expired: #e25f5f; --buffered: #5fa3d8; --unknown-state: #77716a; --refused: #6d5f5b;
    --throttled: #6b654f; --flight: #36506b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
h3 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.soft { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 10px; margin: 20px 0 0; padding: 0; list-style: none; }
.figures li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px; }
.figures b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: 13px; }
.word {
  display: inline-block; border-radius: 5px; padding: 0 8px; font-size: 13px; font-weight: 600; line-height: 22px;
}
.word.pass { color: var(--pass); background: var(--pass-tint); }
.word.fail { color: var(--fail); background: var(--fail-tint); }
.word.unknown { color: var(--unknown); background: var(--unknown-tint); }
.word.skipped { color: var(--soft); background: var(--code); }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 12px; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
tr:last-child > td { border-bottom: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.system { color: var(--soft); white-space: nowrap; }
.mini { display: flex; height: 10px; width: 130px; border-radius: 3px; overflow: hidden; background: var(--line); }
.mini i { display: block; height: 100%; min-width: 2px; }
.drill {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; margin: 14px 0;
}
.drill:target { outline: 2px solid var(--link); }
.drill header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; }
.drill header .times { margin-left: auto; color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.drill > p { margin-top: 4px; }
.proves { font-size: 13px; color: var(--soft); }
.reasons { margin: 10px 0 0; padding: 8px 12px 8px 28px; border-radius: 6px; background: var(--fail-tint); }
.reasons.unknown { background: var(--unknown-tint); }
.reasons.skipped { background: var(--code); }
.chart { margin: 16px 0 0; }
.chart .top { font-size: 12px; color: var(--soft); }
.chart svg { display: block; width: 100%; height: 130px; background: var(--code); border-radius: 4px; }
.chart .axis { position: relative; height: 20px; font-size: 12px; color: var(--soft); }
.chart .axis span { position: absolute; top: 2px; transform: translateX(-50%); white-space: nowrap; }
.chart .axis span:first-child { transform: none; }
.chart .axis .end { left: auto; right: 3.85%; transform: none; }
.band { fill: var(--band); opacity: .13; }
.lane { position: relative; height: 20px; border-top: 1px solid var(--line); font-size: 12px; }
.lane .bar { position: absolute; top: 2px; bottom: 2px; background: var(--band); opacity: .28; border-radius: 2px; }
.lane .label { position: relative; padding: 0 6px; color: var(--ink); white-space: nowrap; }
.legend {
  display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; padding: 6px 0 0; margin: 0; font-size: 13px;
}
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
.s-delivered { fill: var(--delivered); background: var(--delivered); }
.s-processing-failed { fill: var(--processing-failed); background: var(--processing-failed); }
.s-delivery-failed { fill: var(--delivery-failed); background: var(--delivery-failed); }
.s-dead-lettered { fill: var(--dead-lettered); background: var(--dead-lettered); }
.s-dropped { fill: var(--dropped); background: var(--dropped); }
.s-expired { fill: var(--expired); background: var(--expired); }
.s-buffered { fill: var(--buffered); background: var(--buffered); }
.s-unknown { fill: var(--unknown-state); background: var(--unknown-state); }
.s-refused { fill: var(--refused); background: var(--refused); }
.s-throttled { fill: var(--throttled); background: var(--throttled); }
.s-flight { fill: var(--flight); background: var(--flight); }
details { margin-top: 10px; font-size: 14px; }
summary { cursor: pointer; color: var(--soft); }
.faults td:nth-child(2) { white-space: nowrap; }
.faults td { vertical-align: top; overflow-wrap: anywhere; }
pre, code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
pre { background: var(--code); border-radius: 6px; padding: 10px 12px; margin: 8px 0 0; overflow-x: auto; }
.paths { columns: 2; column-gap: 32px; padding: 0; margin: 0; list-style: none; font-size: 14px; }
.paths li { break-inside: avoid; padding: 3px 0; border-bottom: 1px solid var(--line); }
.paths b { font-weight: 600; }
@media (max-width: 640px) {
  main { padding: 18px 12px 40px; }
  .hide { display: none; }
  th, td { padding: 6px 8px; }
  td.name { overflow-wrap: anywhere; }
  .mini { width: 64px; }
  .drill { padding: 14px 12px; }
  .drill header .times { margin-left: 0; width: 100%; }
  .paths { columns: 1; }
  .figures li { flex: 1 1 40%; padding: 8px 12px; }
}
"""
