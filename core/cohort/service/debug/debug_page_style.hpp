// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::service {

/// The style sheet of the debug page, with the colors of the dashboard page (`dashboard-ui/src/style/base.css`): the
/// contrast of text is at least 7:1 (WCAG 2.2, 1.4.6). On a narrow window each row of a table is a block.
inline constexpr std::string_view debug_page_style = R"css(
:root {
  color-scheme: light dark;
  --page: light-dark(#f3f5f8, #0e1318); --panel: light-dark(#fff, #171d24); --edge: light-dark(#d5dce4, #2f3a45);
  --text: light-dark(#10181f, #eef2f6); --quiet: light-dark(#434f5a, #b6c1cb); --accent: light-dark(#12507c, #8cc6ef);
  --good: light-dark(#0b4f27, #8fe3ad); --good-ground: light-dark(#e1f3e7, #10301f);
  --warn: light-dark(#613b00, #f6cd80); --warn-ground: light-dark(#fdf0d5, #36290c);
  --bad: light-dark(#84120e, #ffb1ab); --bad-ground: light-dark(#fdebe9, #401715);
  --idle: light-dark(#3c4853, #c2ccd6); --idle-ground: light-dark(#e9edf1, #27313a);
  --bar: light-dark(#4a90cf, #3f83bf); --late: light-dark(#c07a00, #e0a132); --cut: light-dark(#b3261e, #ff7b72);
}
@media (min-width: 2400px) { :root { font-size: 150%; } }
@media (min-width: 3600px) { :root { font-size: 225%; } }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header, main { max-width: 78rem; margin-inline: auto; padding: 1rem; }
header { display: grid; gap: .5rem; padding-bottom: 0; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .875rem; min-width: 0; }
.end { margin-inline-start: auto; }
h1, h2, h3, p { margin: 0; }
h1, h2, h3 { line-height: 1.2; }
h1 { font-size: 1.5rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.0625rem; }
h3 { margin-top: .75rem; color: var(--quiet); font-size: .875rem; }
a, summary { color: var(--accent); }
nav { font-size: .875rem; }
nav a, h2 + .quiet a { display: inline-block; min-height: 1.5rem; }
.quiet, small { color: var(--quiet); font-size: .875rem; }
time, td, #headline, .tree { font-variant-numeric: tabular-nums; }
#headline, .badge { padding: .125rem .625rem; border: 1px solid transparent; border-radius: 1rem; font-weight: 600; }
.badge { display: inline-block; border-color: currentcolor; padding-block: 0; font-size: .875rem; white-space: nowrap; }
[data-tone=good] { background: var(--good-ground); color: var(--good); }
[data-tone=warn] { background: var(--warn-ground); color: var(--warn); }
[data-tone=bad] { background: var(--bad-ground); color: var(--bad); }
[data-tone=idle] { background: var(--idle-ground); color: var(--idle); }
button {
  padding: .125rem .625rem; border: 1px solid var(--edge); border-radius: .375rem; background: var(--panel);
  color: var(--text); font: inherit; font-size: .875rem; cursor: pointer;
}
button:hover { border-color: var(--accent); }
button[aria-pressed=true] { border-color: var(--accent); background: var(--accent); color: var(--panel); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main { display: grid; gap: 1rem; }
section {
  min-width: 0; padding: 1rem; border: 1px solid var(--edge); border-radius: .5rem; background: var(--panel);
  scroll-margin-top: 1rem;
}
.old section { border-style: dashed; }
.old td, .old .tree { color: var(--quiet); }
table { width: 100%; margin-top: .5rem; border-collapse: collapse; }
th, td {
  padding: .375rem .75rem .375rem 0; border-top: 1px solid var(--edge); text-align: start; vertical-align: top;
  overflow-wrap: anywhere;
}
th:last-child, td:last-child { padding-inline-end: 0; }
th { border-top: 0; color: var(--quiet); font-size: .875rem; font-weight: 600; overflow-wrap: normal; }
td small { display: block; }
.number { white-space: nowrap; }
.main { font-weight: 600; }
.late { color: var(--bad); font-weight: 600; }
code { font: .875rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.meter { display: block; width: 100%; min-width: 6rem; height: .375rem; margin-top: .25rem; border-radius: .25rem; background: var(--idle-ground); }
.meter rect { fill: var(--bar); }
.meter .late { fill: var(--late); }
.meter .over { fill: var(--cut); }
.tree, .tree ul { margin: 0; padding: 0; list-style: none; }
.tree { margin-top: .5rem; }
.tree li { position: relative; padding-top: .25rem; overflow-wrap: anywhere; }
.tree ul { margin-inline-start: .4375rem; }
.tree ul > li { padding-inline-start: 1.25rem; }
.tree ul > li::before {
  content: ""; position: absolute; inset: 0 auto 0 0; width: .875rem; height: 1rem;
  border: solid var(--edge); border-width: 0 0 1px 1px; border-end-start-radius: .375rem;
}
.tree ul > li:not(:last-child)::after {
  content: ""; position: absolute; inset: 0 auto 0 0; border-inline-start: 1px solid var(--edge);
}
details { margin-top: .75rem; }
summary { width: fit-content; cursor: pointer; }
@media (max-width: 52rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tr { display: block; padding: .375rem 0; border-top: 1px solid var(--edge); }
  td { display: grid; grid-template-columns: 7rem minmax(0, 1fr); padding: .0625rem 0; border: 0; }
  td::before { content: attr(data-label); color: var(--quiet); font-size: .875rem; }
  td > * { grid-column: 2; justify-self: start; }
  td > .meter { justify-self: stretch; }
  td:first-child { display: block; }
  td:first-child::before { content: none; }
}
@media (forced-colors: active) {
  .badge, #headline, section, button { border-color: CanvasText; }
  .meter { border: 1px solid CanvasText; }
  .meter rect { fill: CanvasText; }
  .meter .late, .meter .over { fill: Highlight; }
}
@media print {
  :root { color-scheme: light !important; font-size: 10pt; }
  body { background: none; }
  header, main { max-width: none; padding: 0 0 .5rem; }
  button, nav, #updates { display: none; }
  section { break-inside: avoid; }
  .badge, #headline, .meter { print-color-adjust: exact; }
}
)css";

}  // namespace cohort::service
