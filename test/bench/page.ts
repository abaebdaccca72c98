/**
 * The front page with 1,000 mirrors and a year of history: requests a second, p99 and kilobytes (as
 * a browser gets it, packed) with 50 connections, against nginx serving the same bytes as a file.
 * The load comes from another process than what is measured.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { tempFolder } from '../harness/temp-folder.ts';
import { startPeer } from './page/peer.ts';
import { conclude, median, note, rounded } from './push/figures.ts';

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const runs = Number(values.runs);
const temp = await tempFolder('page');
const program = fileURLToPath(new URL('page/server.ts', import.meta.url));
const master = spawn(
  process.execPath,
  ['--conditions=source', '--import', 'tsx', program, temp.path, values.mirrors],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const ended = once(master, 'exit');
try {
  const [line] = (await Promise.race([once(master.stdout, 'data'), ended])) as [unknown];
  if (!(line instanceof Buffer)) throw new Error('The master did not start.');
  const url = line.toString().trim();
  const page = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  const whole = (await page.text()).length;
  const bytes = await packed(url);
  note(`${values.mirrors} mirrors: ${whole} bytes, ${bytes.length} packed`);
  const peer = await startPeer(temp.path, bytes);
  const ours = { rps: [] as number[], p99_ms: [] as number[] };
  const theirs = { rps: [] as number[], p99_ms: [] as number[] };
  try {
    await load(url, 2);
    for (let run = 1; run <= runs; run += 1) {
      for (const [at, into] of [
        [url, ours],
        [peer.url, theirs],
      ] as const) {
        const { rps, p99 } = await load(at, Number(values.seconds));
        into.rps.push(rps);
        into.p99_ms.push(p99);
        note(`run ${run}: ${at === url ? 'ours' : peer.name} ${rps.toFixed(0)}/s, p99 ${p99} ms`);
      }
    }
  } finally {
    await peer.close();
  }
  const kb = bytes.length / 1024;
  const [a, b] = [ours, theirs].map((one) => ({
    rps: median(one.rps),
    p99_ms: median(one.p99_ms),
    kb,
  }));
  if (a === undefined || b === undefined) throw new Error('There was no run.');
  conclude({
    bench: 'page',
    runs,
    mirrors: Number(values.mirrors),
    peer_is: peer.name,
    ours: rounded(a),
    peer: rounded(b),
    ratio: rounded({ rps: a.rps / b.rps, p99_ms: b.p99_ms / a.p99_ms, kb: b.kb / a.kb }),
  });
} finally {
  master.kill();
  await ended;
  await temp.remove();
}

/** The page as it goes over the wire. */
function packed(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(Buffer.concat(parts)));
    }).on('error', reject);
  });
}

async function load(url: string, seconds: number): Promise<{ rps: number; p99: number }> {
  const result = await autocannon({
    url,
    connections: 50,
    duration: seconds,
    headers: { 'accept-encoding': 'br' },
  });
  if (result.non2xx + result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} bad answers, ${result.errors} errors.`);
  }
  return { rps: result.requests.average, p99: result.latency.p99 };
}
