// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::http {

/// The style sheet of `openapi_page`: light or dark, as the browser prefers, without external images and fonts. The
/// contrast of text is at least 4.5:1 (WCAG 2.2, 1.4.3).
inline constexpr std::string_view page_style = R"css(
:root {
  color-scheme: light dark;
  --text: #1c2128; --muted: #57606a; --page: #fff; --panel: #f6f8fa; --line: #d0d7de; --link: #0550ae;
  --get: #0550ae; --post: #116329; --put: #7a4b00; --delete: #a40e26; --other: #57606a; --string: #0a5c36;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --muted: #9da7b3; --page: #0d1117; --panel: #161b22; --line: #30363d; --link: #79b8ff;
    --get: #79b8ff; --post: #7ee2a0; --put: #f0b95b; --delete: #ff9a93; --other: #9da7b3; --string: #a5d6b7;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; color: var(--text); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.75rem; }
h1 small { color: var(--muted); font-size: 1rem; font-weight: 400; }
h2 { margin: 2rem 0 .5rem; font-size: 1.25rem; }
h3 { margin: 1rem 0 .25rem; font-size: .9rem; color: var(--muted); }
a { color: var(--link); }
code, pre, .path, .method { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875rem; }
pre { margin: .25rem 0; overflow-x: auto; line-height: 1.45; }
details { margin: .4rem 0; border: 1px solid var(--line); border-radius: .4rem; background: var(--panel); }
summary { display: flex; flex-wrap: wrap; gap: .2rem .75rem; align-items: baseline; padding: .5rem .75rem; cursor: pointer; }
summary::before { content: "\25B8"; width: .75rem; color: var(--muted); }
details[open] > summary::before { content: "\25BE"; }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
summary .path { font-weight: 600; overflow-wrap: anywhere; }
summary .text { color: var(--muted); }
.method { min-width: 4.5rem; font-weight: 700; color: var(--other); }
.get { color: var(--get); } .post { color: var(--post); } .put, .patch { color: var(--put); } .delete { color: var(--delete); }
.mark { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8rem; color: var(--muted); }
.content { border-top: 1px solid var(--line); padding: .5rem .75rem .75rem; background: var(--page);
  border-radius: 0 0 .4rem .4rem; scroll-margin-top: 4rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td p { margin: 0; }
.name { color: var(--link); } .text { color: var(--string); }
)css";

}  // namespace cohort::http
