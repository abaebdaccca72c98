import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { serialOf } from '../harness/forge.ts';
import type { Cost } from './cost.ts';
import type { HostileSite } from './site.ts';

/** How the world of a mirror looked: what readers see, and everything else that is not its own. */
export interface Before {
  serial: number | undefined;
  world: Map<string, string>;
  pid: number | undefined;
}

export async function lookBefore(site: HostileSite): Promise<Before> {
  site.cost.reset();
  return {
    serial: await serialOf(site.to),
    world: listWorld(site),
    pid: site.agent.service.pid(),
  };
}

/** Generous for a process that does what it does; a lie that is believed takes gigabytes. */
const MOST: Cost = { agent: 450, rsync: 300, disk: 64 };

/**
 * A lie came to nothing: not a byte outside staging, nothing has switched, the agent lives, and took
 * little memory and disk; its status gives one clear reason.
 */
export async function assertUntouched(
  site: HostileSite,
  before: Before,
  reason: RegExp,
): Promise<Cost> {
  const peak = site.cost.peak();
  const { lastError, serial } = await site.status();
  assert.match(lastError?.reason ?? 'no error is shown', reason);
  assert.equal(lastError?.reason.split('\n').length, 1, 'one line');
  assert.ok((lastError?.reason.length ?? 0) < 500, lastError?.reason);
  assert.equal(serial, before.serial);
  assert.equal(await serialOf(site.to), before.serial);
  assert.deepEqual(differences(before.world, listWorld(site)), []);
  assert.equal(site.agent.service.pid(), before.pid, 'the agent was not restarted');
  for (const what of ['agent', 'rsync', 'disk'] as const) {
    assert.ok(peak[what] < MOST[what], `${what} took ${peak[what].toFixed(0)} MiB`);
  }
  return peak;
}

/**
 * The test's whole folder, but for what is the upstream's, and what is the agent's own: its state,
 * its staging folder, the log, and its marks and traces in the tree.
 */
function listWorld({ folder, rsyncd }: HostileSite): Map<string, string> {
  const own = [
    /^(up|known_hosts)(\/|$|\.)/,
    /^leaf\/(state|agent\.log)(\/|$)/,
    /^leaf\/srv\/\.debian\.pushmirror(\/|$)/,
    /^leaf\/srv\/debian\/project\/trace(\/|$)/,
    /^leaf\/srv\/debian\/Archive-Update-/,
    new RegExp(`^rsyncd-${rsyncd.port}`),
  ];
  const found = new Map<string, string>();
  const walk = (path: string) => {
    for (const name of readdirSync(join(folder, path)).map((one) => join(path, one))) {
      if (own.some((pattern) => pattern.test(name))) continue;
      const stat = lstatSync(join(folder, name));
      if (stat.isDirectory()) {
        found.set(name, 'folder');
        walk(name);
      } else if (stat.isSymbolicLink()) {
        found.set(name, `link to ${readlinkSync(join(folder, name))}`);
      } else if (stat.isFile()) {
        const digest = createHash('sha256').update(readFileSync(join(folder, name)));
        found.set(name, digest.digest('hex'));
      } else found.set(name, 'something else');
    }
  };
  walk('');
  return found;
}

function differences(before: Map<string, string>, after: Map<string, string>): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'nothing'} -> ${after.get(path) ?? 'nothing'}`);
}
