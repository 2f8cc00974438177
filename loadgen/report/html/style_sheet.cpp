// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/sections.hpp"

namespace cohort::loadgen::html {

// The colors of lines and bars are distinct with any color vision, and adjacent colors differ in lightness; shapes or
// words convey the same information. Text has a contrast of at least 4.5:1. Printed pages are light.
std::string_view style_sheet() {
  return R"css(:root {
  color-scheme: light dark;
  --page: #f4f6f8; --panel: #fff; --edge: #d3dae1; --grid: #e6eaee; --band: #f0f3f6;
  --text: #17202a; --quiet: #56616d;
  --good: #17693a; --good-ground: #e1f3e7;
  --warn: #7a4b00; --warn-ground: #fdf0d5;
  --bad: #a1221d; --bad-ground: #fce6e4;
  --blue: #0069a8; --teal: #008f7a; --orange: #d4590c; --red: #c4362b; --gray: #8a95a0;
  --blue-wash: #cfe3f1; --blue-bar: #7db4d8; --gray-wash: #dfe4e9;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #11161b; --panel: #1a2128; --edge: #35404a; --grid: #28323b; --band: #212a32;
    --text: #e8edf2; --quiet: #a3afba;
    --good: #83d9a1; --good-ground: #153423;
    --warn: #f1c36d; --warn-ground: #3b2c0d;
    --bad: #ff9d96; --bad-ground: #431b19;
    --blue: #5cb3f0; --teal: #35c9b0; --orange: #f79a5a; --red: #e8695d; --gray: #7d8994;
    --blue-wash: #1f3f58; --blue-bar: #2e6c9a; --gray-wash: #36414b;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere; }
header, main { max-width: 76rem; margin-inline: auto; padding: 1rem; }
header { padding-top: 1.5rem; padding-bottom: 0; }
h1, h2, h3, p, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: 1.75rem; line-height: 1.2; }
h2 { font-size: 1.125rem; line-height: 1.3; }
h3 { margin-top: 1rem; font-size: 1rem; }
code { font: 0.9375em ui-monospace, monospace; }
small { display: block; color: var(--quiet); font-size: 0.8125rem; font-weight: 400; }
.kicker, .lead, .note { color: var(--quiet); }
.kicker, .note { font-size: 0.875rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.panel p { margin-top: 0.5rem; }
.note { max-width: 48rem; margin-bottom: 0.75rem; }

.verdict { display: flex; gap: 1rem; margin-top: 1rem; padding: 1rem; border: 1px solid; border-radius: 0.5rem; }
.verdict.good { background: var(--good-ground); }
.verdict.warn { background: var(--warn-ground); color: var(--warn); }
.verdict.bad { background: var(--bad-ground); }
.verdict > div { flex: 1; min-width: 0; }
.verdict strong { font-size: 1.5rem; line-height: 2.25rem; letter-spacing: 0.02em; }
.verdict p, .verdict table { color: var(--text); }
.verdict .scroll { margin-top: 0.5rem; }
.verdict table { width: auto; }
.verdict :is(th, td) { border-color: color-mix(in srgb, currentcolor 20%, transparent); }
.verdict td:last-child { white-space: nowrap; }
.icon { flex: none; width: 2.25rem; height: 2.25rem; fill: none; stroke: currentcolor; stroke-width: 2.5;
  stroke-linecap: round; stroke-linejoin: round; }

main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1rem; }
.panel, .tiles > div { min-width: 0; padding: 1rem; border: 1px solid var(--edge); border-radius: 0.5rem;
  background: var(--panel); }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; }
.tiles > div { padding: 0.75rem 1rem; }
.tiles dt { color: var(--quiet); font-size: 0.875rem; }
.tiles dd { font-size: 1.625rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 0.75rem 1rem; }
.facts dt { color: var(--quiet); font-size: 0.875rem; }
.glossary { display: grid; margin-top: 0.75rem; grid-template-columns: max-content 1fr; gap: 0.375rem 1.25rem; font-size: 0.9375rem; }
.glossary dt { font-weight: 600; }

.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.375rem 0.75rem; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: baseline; }
table { overflow-wrap: normal; }
th:not(.figure), td:not(.figure) { min-width: 6rem; overflow-wrap: break-word; }
tr > :first-child { padding-left: 0; }
tr > :last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-size: 0.875rem; font-weight: 400; }
tbody th { font-weight: 400; }
.figure { text-align: right; white-space: nowrap; }
details { margin-top: 0.75rem; }
summary { color: var(--quiet); font-size: 0.875rem; cursor: pointer; }
details .scroll { max-height: 24rem; margin-top: 0.5rem; overflow: auto; }
details thead th { position: sticky; top: 0; background: var(--panel); }
details tbody th { white-space: nowrap; }
.bars td:nth-child(2) { width: 50%; min-width: 6rem; vertical-align: middle; }
.bar > div { min-width: 2px; height: 0.875rem; border-radius: 0 0.1875rem 0.1875rem 0; background: var(--red); }

.chart { font-size: 0.8125rem; line-height: 1.3; }
.head, .foot, .chart .y, .chart .x, .bands, .markers { color: var(--quiet); }
.foot { text-align: center; }
.chart p { margin: 0; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.25rem 2rem; margin-bottom: 0.5rem; }
.head ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; color: var(--text); list-style: none; }
.head li { display: flex; align-items: center; gap: 0.4375rem; }
.head i { width: 1.375rem; border-top: 0.1875rem solid; }
.bands { position: relative; height: 1.25rem; margin: 0 1.25rem 0 4rem; }
.bands span { position: absolute; display: flex; flex-wrap: wrap; justify-content: center; height: 1.25rem;
  overflow: hidden; padding: 0 0.25rem; text-align: center; text-overflow: ellipsis; white-space: nowrap; }
/* A name that is too long wraps to the next line, which is hidden. */
.bands span::before { content: ""; width: 0; height: 1.25rem; }
.markers { margin: 0 1.25rem 0.125rem 4rem; }
.markers span { display: block; padding: 0 0.25rem; white-space: nowrap; }
.plot { position: relative; height: 15rem; margin: 0 1.25rem 1.625rem 4rem; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot path { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
.plot .y { position: absolute; right: 100%; margin-right: 0.5rem; transform: translateY(50%); white-space: nowrap; }
.plot .x { position: absolute; top: 100%; margin-top: 0.375rem; transform: translateX(-50%); white-space: nowrap; }
.plot .grid { stroke: var(--grid); stroke-width: 1; }
.plot .band { fill: var(--band); }
.tooltips rect { fill: transparent; }
.tooltips rect:hover { fill: var(--text); fill-opacity: 0.07; }

.p50, .answered, .response, .met { color: var(--blue); }
.p90, .service { color: var(--teal); }
.p99, .missed { color: var(--orange); }
.max, .sent, .planned, .capacity { color: var(--gray); }
.markers span { color: var(--quiet); }
.plot path[class] { stroke: currentcolor; }
.plot path.grid { stroke: var(--grid); }
.plot path.max, .plot path.sent { stroke-width: 1.25; }
.plot path.sent, .plot path.censored { stroke-dasharray: 4 4; }
.plot path.p99 { stroke-width: 2.25; }
.plot path.planned { fill: var(--gray-wash); stroke: none; }
.plot path.gap { fill: var(--blue-wash); stroke: none; }
.plot rect.answers { fill: var(--blue-bar); }
.plot rect.failed { fill: var(--red); }
.head i.sent, .head i.censored { border-top-style: dashed; border-top-width: 2px; }
.head i.planned { height: 0.75rem; border: 0; background: var(--gray-wash); }
.head i.failed { width: 0.75rem; height: 0.75rem; border: 0; background: var(--red); }
.head i:is(.met, .missed) { width: 1rem; height: 1rem; border: 0; border-radius: 50%; background: currentcolor; }
.plot .symbol { position: absolute; width: 1.25rem; height: 1.25rem; border-radius: 50%; color: var(--panel);
  font-weight: 700; line-height: 1.25rem; text-align: center; transform: translate(-50%, 50%); }
.symbol.met { background: var(--blue); }
.symbol.missed { background: var(--orange); }

@media (max-width: 44rem) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.5rem; }
  .tiles dd { font-size: 1.25rem; }
  .glossary { grid-template-columns: 1fr; }
  .glossary dd { margin-bottom: 0.5rem; }
  header, main { padding-inline: 0.5rem; }
  .verdict { gap: 0.5rem; }
}
@media print {
  body { background: #fff; font-size: 0.875rem; }
  header, main { max-width: none; padding-inline: 0; }
  .panel, .tiles > div, .verdict, tr { break-inside: avoid; }
  .panel:has(details[open]) { break-inside: auto; }
  details .scroll { max-height: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";
}

}  // namespace cohort::loadgen::html
