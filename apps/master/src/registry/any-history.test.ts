import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifyChain } from '../audit/chain.ts';
import { insertArchive } from '../db/archives.ts';
import { listAudit } from '../db/audit.ts';
import { listMirrors } from '../db/mirrors.ts';
import { openDatabase, type Db } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { sqlite } from '../db/sqlite.ts';
import { MasterError } from '../errors.ts';
import { someKey } from '../setup/fixture.test.ts';
import { approve } from './approve.ts';
import { beginRegistration } from './begin-registration.ts';
import { leave } from './manage/leave.ts';
import { move } from './manage/move.ts';
import { optIn, optOut } from './manage/opt.ts';
import { pause, resume, suspend } from './manage/states.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const ARCHIVES = ['debian', 'security'];
const at = new Date('2026-11-21T09:00:00Z');
const admin = { name: 'admin', origin: 'cli' };
const key = someKey();

const name = fc.constantFrom(...NAMES);
const archive = fc.constantFrom(...ARCHIVES);
const registration = fc.record({
  do: fc.constant('register' as const),
  name,
  upstream: fc.option(fc.constantFrom('master', ...NAMES), { nil: undefined }),
  archives: fc.subarray(ARCHIVES, { minLength: 1 }),
  hub: fc.boolean(),
  country: fc.constantFrom('DE', 'FR'),
  /** By an administrator's word, or by the policy with the wish. */
  ordered: fc.boolean(),
});
const step = fc.oneof(
  { arbitrary: registration, weight: 3 },
  fc.record({
    do: fc.constant('move' as const),
    name,
    upstream: fc.constantFrom('master', ...NAMES),
  }),
  fc.record({
    do: fc.constantFrom('leave' as const, 'suspend' as const, 'pause' as const, 'resume' as const),
    name,
  }),
  fc.record({ do: fc.constantFrom('opt-in' as const, 'opt-out' as const), name, archive }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One history in which nothing is refused, so that each kind of step is really taken. */
const EACH: Step[] = [
  ...['a', 'b', 'c'].map((one) => ({
    do: 'register' as const,
    name: one,
    upstream: 'master',
    archives: ['debian'],
    hub: one === 'a',
    country: 'DE' as const,
    ordered: true,
  })),
  { do: 'opt-in' as const, name: 'b', archive: 'security' },
  { do: 'opt-out' as const, name: 'b', archive: 'security' },
  { do: 'move' as const, name: 'b', upstream: 'a' },
  { do: 'suspend' as const, name: 'b' },
  { do: 'leave' as const, name: 'c' },
];

/** A mirror comes back, wants something else, and is given another upstream for it. */
const registered = { do: 'register', hub: false, country: 'DE', ordered: true } as const;
const BACK: Step[] = [
  { ...registered, name: 'a', upstream: 'master', archives: ['debian'], hub: true },
  { ...registered, name: 'b', upstream: 'a', archives: ['debian'] },
  { ...registered, name: 'b', upstream: 'master', archives: ['security'] },
];

async function take(db: Db, one: Step): Promise<unknown> {
  const doing = { db, mirror: one.name, by: admin, at };
  switch (one.do) {
    case 'register':
      return register(db, one);
    case 'move':
      return move(doing, one.upstream);
    case 'leave':
      return leave(doing, 'x', 'mirror-leave');
    case 'suspend':
      return suspend(doing, 'x');
    case 'pause':
      return pause(doing, 'x');
    case 'resume':
      return resume(doing, { admin: true });
    case 'opt-in':
      return optIn(doing, one.archive);
    case 'opt-out':
      return optOut(doing, one.archive);
  }
}

async function register(db: Db, wanted: Extract<Step, { do: 'register' }>): Promise<void> {
  const { upstream, archives, country } = wanted;
  const request = {
    name: wanted.name,
    ssh: { host: wanted.name, port: 22, user: 'mirror' },
    hostKey: key,
    ...(wanted.hub ? { pushKey: key, rsyncUrl: `rsync://${wanted.name}` } : {}),
    contact: 'x',
    contactPublic: false,
    addresses: [],
    archives,
    space: {},
    country,
    ...(upstream === undefined ? {} : { upstream }),
  };
  const o = { policy: 'proof' as const, origin: `192.0.2.${Math.random()}`, at };
  const { row } = await beginRegistration(db, request, o);
  const ordered = wanted.ordered && upstream !== undefined ? { upstream } : {};
  await db.transaction().execute((trx) => approve(trx, row, { by: admin, at, ...ordered }));
}

/** By following each upstream, which no code of ours is asked about. */
async function check(db: Db): Promise<void> {
  const mirrors = await listMirrors(db);
  const optIns = await listOptIns(db);
  const byName = new Map(mirrors.map((mirror) => [mirror.name, mirror]));
  const wants = (mirror: string) =>
    optIns.flatMap((one) => (one.mirror === mirror ? [one.archive] : []));
  for (const mirror of mirrors) {
    let up = mirror.upstream;
    for (let steps = 0; up !== null; steps += 1) {
      assert.equal(steps < mirrors.length, true, `${mirror.name} is in a circle`);
      up = byName.get(up)?.upstream ?? null;
    }
    if (mirror.state === 'left') {
      assert.deepEqual([mirror.upstream, wants(mirror.name)], [null, []], 'left is left');
    }
    if (mirror.upstream === null) continue;
    assert.notEqual(byName.get(mirror.upstream)?.state, 'left', `${mirror.name} hangs on a ghost`);
    const carried = wants(mirror.upstream);
    const lacking = wants(mirror.name).filter((one) => !carried.includes(one));
    assert.deepEqual(lacking, [], `${mirror.upstream} lacks what ${mirror.name} wants`);
  }
}

test('whatever is registered, moved, suspended or leaves, it stays a tree that serves everybody', async () => {
  const done = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
      const options = { state: '', network: 'example', now: () => at };
      const db = await openDatabase({ ...options, dialect: sqlite(':memory:') });
      try {
        for (const one of ARCHIVES) await insertArchive(db, archiveRow(one));
        for (const one of steps) {
          try {
            await take(db, one);
            done.set(one.do, (done.get(one.do) ?? 0) + 1);
          } catch (error) {
            assert.equal(error instanceof MasterError, true, String(error)); // Refused in words.
          }
          await check(db);
        }
        const audit = await listAudit(db, { order: 'oldest', limit: 1000 });
        assert.equal((await verifyChain(audit)).ok, true);
      } finally {
        await db.destroy();
      }
    }),
    { numRuns: 8, examples: [[EACH], [BACK]] },
  );
  for (const what of ['register', 'move', 'leave', 'suspend', 'opt-in', 'opt-out']) {
    assert.equal((done.get(what) ?? 0) > 0, true, `${what} was refused each time`);
  }
});

function archiveRow(archive: string): Parameters<typeof insertArchive>[1] {
  const rest = { mode: 'classic', epoch: 1, delete_limit: 50, policy: null } as const;
  return {
    name: archive,
    path: `/srv/${archive}`,
    profile: 'debian',
    added_at: at.toISOString(),
    ...rest,
  };
}
