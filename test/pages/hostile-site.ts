import type { Page } from 'playwright-core';
import { HOSTILE } from './hostile-strings.ts';
import type { Site } from './site.ts';

/** Each text in every field of a mirror of its own, as it never could come in; and of registrations. */
export async function writeHostile({ f, sql, later }: Site): Promise<void> {
  HOSTILE.forEach((text, index) => {
    const like = `mirror${index}.%`;
    sql(
      `update mirror set sponsor = ?, bandwidth = ?, contact = ?, contact_public = 1, country = ?, http_url = ?,
       rsync_url = ?, state_reason = ?, quarantine_reason = ?, quarantined_at = ? where name like ?`,
      text,
      text,
      text,
      text,
      index % 2 === 0 ? text : `https://x.example/${text}`,
      text,
      text,
      text,
      index % 3 === 0 ? '2026-11-20T00:00:00.000Z' : null,
      like,
    );
    sql(
      'update mirror_archive set said_reason = ?, observed_reason = ? where mirror like ?',
      text,
      text,
      like,
    );
    sql('update push set reason = ? where mirror like ?', text, like);
    const trace = { date: text, archiveSerial: text, creator: text, trigger: text };
    const evidence = { what: 'head', url: text, at: '2026-11-20T00:00:00Z', ms: 1, error: text };
    const endpoint = { protocol: text, state: 'ok', reason: text, certificateUntil: text };
    sql(
      'update sighting set reason = ?, trace = ?, evidence = ?, endpoints = ? where mirror like ?',
      text,
      JSON.stringify({ ...trace, upstreamMirror: text }),
      JSON.stringify([{ ...NOTHING, ...evidence }]),
      JSON.stringify([{ ...NOTHING, ...endpoint }]),
      like,
    );
    sql(
      `insert into sight_error (mirror, archive, state, count, first_at, last_at, last_reason)
       select name, 'debian', 'unreachable', 1, added_at, added_at, ? from mirror where name like ?`,
      text,
      like,
    );
  });
  await writeRegistrations(f);
  sql(
    `update registration set request = json_set(request, '$.contact', ?, '$.httpUrl', ?)`,
    ...WISH,
  );
  later();
}

const NOTHING = {
  family: null,
  status: null,
  sha256: null,
  bytes: null,
  expected: null,
  pastCache: false,
  error: null,
  serial: null,
  ms: null,
};
const WISH = [
  '"><img src=x onerror=alert(1)>',
  `https://x/"><svg onload=alert(1)>${'W'.repeat(400)}`,
];

async function writeRegistrations(f: Site['f']): Promise<void> {
  const request = {
    name: 'hostile.example.org',
    ssh: { host: 'hostile.example.org', port: 2222, user: 'mirror' },
    hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8zQ8z5vK7gXy7m0oXy0tC0Qm6vQ0m3k1o0w3m1c0lW',
    contact: 'x',
    archives: ['debian'],
  };
  const answer = await f.call('POST', '/v1/registrations', request, null);
  if (answer.status !== 201) throw new Error(answer.text);
}

/**
 * Put each of these pages in the place of the one that is open, and say what would have run, what is
 * not of our making, and which one does not fit.
 */
export function measureHostile(page: Page, paths: readonly string[]): Promise<string[]> {
  return page.evaluate<string[]>(`(${STRANGE})(${JSON.stringify(paths)})`);
}

const STRANGE = `async (paths) => {
  const foreign = 'main :is(script, img, iframe, style, base, meta, link, object, embed, video, audio, svg svg, math), h1 ~ h1';
  const isOdd = ({ name, value }) =>
    name.startsWith('on') || name === 'style' ||
    (name === 'href' && !/^($|https?:|rsync:|\\/|#|\\?)/.test(value)) ||
    (name === 'action' && !/^(\\/desk|#)/.test(value));
  const bad = [];
  for (const path of paths) {
    const answer = await fetch(path);
    if (answer.status !== 200) bad.push(path + ': ' + answer.status);
    const csp = answer.headers.get('content-security-policy') ?? '';
    if (!/default-src 'none'/.test(csp) || /unsafe|\\*|http/.test(csp)) bad.push(path + ': ' + csp);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const odd = [...page.querySelectorAll('*')].filter((one) => [...one.attributes].some(isOdd));
    for (const one of [...page.querySelectorAll(foreign), ...odd]) bad.push(path + ': ' + one.outerHTML);
    const main = page.querySelector('main');
    for (const one of main.querySelectorAll('details')) one.open = true;
    document.querySelector('main').replaceWith(main);
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over > 0) bad.push(path + ' is too wide by ' + over);
  }
  return bad;
}`;
