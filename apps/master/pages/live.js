// Follows the server's events and puts in place what changed. Without it the page is complete; a
// reload shows the same. Nothing that comes in runs: the page is parsed as a document of its own.
'use strict';

const SOONEST_MS = 700;
/** "3 min ago" is not true for long, whether something happens or not. */
const LATEST_MS = 60_000;
let wanted = false;
let underway = false;

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-part]')) {
    const other = fresh.getElementById(part.id);
    if (other === null || other.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const name = focused === null ? null : focused.getAttribute('href');
    const open = [...part.querySelectorAll('details[open]')].map((one) => one.id);
    part.replaceChildren(...other.childNodes);
    part.className = other.className;
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    if (name !== null) part.querySelector(`[href="${CSS.escape(name)}"]`)?.focus();
  }
}

function follow() {
  void catchUp();
}

async function catchUp() {
  wanted = true;
  if (underway) return;
  underway = true;
  while (wanted) {
    wanted = false;
    await refresh().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, SOONEST_MS));
  }
  underway = false;
}

let events;
let greeted = false;

function listen() {
  events = new EventSource(document.body.dataset.live);
  events.addEventListener('hello', (event) => {
    // After a break, whatever happened meanwhile is on the page that is fetched now.
    if (greeted && !JSON.parse(event.data).resumed) follow();
    greeted = true;
  });
  for (const type of ['publish', 'rollout', 'push', 'sight']) events.addEventListener(type, follow);
}

listen();
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') follow();
});
setInterval(() => {
  // What breaks comes back by itself; but an answer such as a proxy's 502 ends a stream for good.
  if (events.readyState === EventSource.CLOSED) listen();
  if (document.visibilityState === 'visible') follow();
}, LATEST_MS);
