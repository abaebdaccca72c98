/** Three tiers of a tree. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#2f9e5f"><circle cx="8" cy="3" r="2.5"/><circle cx="4" cy="9" r="2"/><circle cx="12" cy="9" r="2"/><circle cx="2" cy="14" r="1.5"/><circle cx="6" cy="14" r="1.5"/><circle cx="10" cy="14" r="1.5"/><circle cx="14" cy="14" r="1.5"/></g></svg>';

/** The page's style sheet: light and dark, from 360 px to wide; tables become cards on a phone. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --card: #fff; --ink: #1c2024; --soft: #5b636b; --line: #dfe2e0;
  --good: #176b3a; --good-back: #e2f3e8; --moving: #1d5a96; --moving-back: #e3eefa;
  --bad: #a32117; --bad-back: #fbe7e4; --quiet: #5b636b; --quiet-back: #eceeed; --bar: #2f9e5f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --ink: #e9ecee; --soft: #a3acb4; --line: #31373d;
    --good: #7fd6a2; --good-back: #173324; --moving: #8fc2f5; --moving-back: #17293d;
    --bad: #ff9d92; --bad-back: #40201c; --quiet: #a3acb4; --quiet-back: #2a2f34; --bar: #43b578;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h1 span { font-weight: 400; color: var(--soft); }
h2 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere; }
a { color: inherit; text-underline-offset: .15em; }
a:focus-visible { outline: 2px solid var(--moving); outline-offset: 2px; }
code { overflow-wrap: anywhere; }
.health {
  margin: 0 0 1.5rem; padding: .75rem 1rem; border-radius: .5rem; font-size: 1.1rem; font-weight: 600;
  border-left: .35rem solid currentColor; color: var(--quiet); background: var(--quiet-back);
}
.health.good { color: var(--good); background: var(--good-back); }
.health.moving { color: var(--moving); background: var(--moving-back); }
.health.trouble { color: var(--bad); background: var(--bad-back); }
section {
  margin: 0 0 1.5rem; padding: 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem;
}
.release { margin: .25rem 0 .75rem; }
.release span, .empty, footer { color: var(--soft); }
.rollout { margin: 0 0 .75rem; padding: .4rem .75rem; border-radius: .35rem; overflow-wrap: anywhere; }
.rollout.moving { color: var(--moving); background: var(--moving-back); }
.rollout.bad { color: var(--bad); background: var(--bad-back); }
.propagation { margin: 0 0 1rem; color: var(--soft); }
.propagation svg { display: block; width: 100%; height: .5rem; margin-bottom: .35rem; border-radius: .25rem; }
.whole { fill: var(--line); }
.part { fill: var(--bar); }
table { width: 100%; margin-top: 1rem; border-collapse: collapse; table-layout: fixed; }
caption { padding-bottom: .35rem; text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { font-size: .85rem; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
thead th { width: 11%; }
thead th:nth-child(1), thead th:nth-child(2) { width: 24%; }
thead th:nth-child(4) { width: 13%; }
thead th:nth-child(5) { width: 17%; }
.number, time { font-variant-numeric: tabular-nums; }
.country { font-weight: 400; color: var(--soft); font-size: .85rem; }
.state {
  display: inline-block; padding: .05rem .5rem; border-radius: .75rem; font-size: .9rem;
  color: var(--quiet); background: var(--quiet-back);
}
.state.good { color: var(--good); background: var(--good-back); }
.state.moving { color: var(--moving); background: var(--moving-back); }
.state.bad { color: var(--bad); background: var(--bad-back); }
.reason { display: block; margin-top: .25rem; font-size: .85rem; color: var(--soft); }
footer { font-size: .9rem; }
@media (max-width: 44rem) {
  table, tbody, tr, th, td { display: block; }
  table { table-layout: auto; }
  caption { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: .6rem 0; }
  tbody tr + tr { border-top: 1px solid var(--line); }
  tbody tr + tr > * { border-top: 0; }
  tbody th, td { padding: .1rem 0; }
  td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); }
  td::before { content: attr(data-label); color: var(--soft); }
  td > .state { justify-self: start; }
  td > .reason { grid-column: 2; }
}
`;
