import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sameEntry, type Entry } from './entry.ts';
import { ManifestError } from './errors.ts';
import { planMove, type Move, type Plan, type Step } from './plan.ts';
import { ancestors, paths, readEither, sameTree, sorted, store, trees } from './samples.test.ts';
import type { Selection } from './selection.ts';
import { folderOf } from './tree-path.ts';

void test('doing what the plan says turns one release into the other, filters applied', async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, selections(), selections(), async (from, to, had, has) => {
      const a = store(from, 3);
      const b = store(to);
      const disk = new Disk(from.filter((entry) => had(entry.path, entry.kind === 'folder')));
      const { indexDigests } = await disk.follow({
        before: a.root,
        after: b.root,
        read: readEither(a, b),
        maxDelete: 1_000,
        selected: has,
        selectedBefore: had,
      });
      const carried = to.filter((entry) => has(entry.path, entry.kind === 'folder'));
      disk.holds(carried);
      const old = from.filter((entry) => had(entry.path, entry.kind === 'folder'));
      assert.deepEqual(indexDigests.came.toSorted(), indexDigestsBeside(carried, old));
      assert.deepEqual(indexDigests.gone.toSorted(), indexDigestsBeside(old, carried));
    }),
    { numRuns: 300 },
  );
});

/** Of index files that are not the same among the others, in order. */
function indexDigestsBeside(entries: readonly Entry[], others: readonly Entry[]): string[] {
  const known = new Map(others.map((entry) => [entry.path, entry]));
  return entries
    .filter((entry) => {
      const other = known.get(entry.path);
      return other === undefined || !sameEntry(entry, other);
    })
    .flatMap((e) => (e.kind === 'file' && e.order !== undefined ? [e.sha256] : []))
    .toSorted();
}

void test('from nothing, and from what a filter change leaves, it gets there too', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (to) => {
      const b = store(to, 4);
      const disk = new Disk([]);
      const move = { before: undefined, after: b.root, read: b.read, maxDelete: 0 };
      await disk.follow({ ...move, selected: () => true });
      disk.holds(to);
    }),
  );
});

void test('a move between folders is not fetched, an index that by-hash repeats is fetched once', async () => {
  const from = store([folder('new'), folder('old'), file('old/a', '1')]);
  const to = store([
    folder('dists'),
    folder('new'),
    folder('old'),
    file('dists/Packages', '2', 0),
    file('dists/Release', '3', 1),
    file('new/a', '1'),
    file('new/b', '2'),
    file('new/c', '4'),
    file('new/d', '4'),
  ]);
  const plan = await planMove({
    before: from.root,
    after: to.root,
    read: readEither(from, to),
    selected: () => true,
    maxDelete: 1,
  });
  const steps = await collect(plan.content());
  assert.deepEqual(steps.map(brief), [
    'folder dists',
    'reuse new/a from old/a',
    'repeat new/b from dists/Packages',
    'fetch new/c',
    'repeat new/d from new/c',
  ]);
  assert.deepEqual(plan.indexes.map(brief), ['fetch dists/Packages', 'fetch dists/Release']);
  assert.deepEqual(plan.fetch, { files: 3, bytes: 30 });
  assert.equal(plan.diskBytes, 60);
  assert.deepEqual(
    plan.deletes.map((entry) => entry.path),
    ['old/a'],
  );
  assert.deepEqual(await collect(plan.content()), steps);
});

void test('more deletes than allowed are refused', async () => {
  const from = store('abcdef'.split('').map((path) => file(path, '1')));
  const to = store([file('a', '1')]);
  const move = { before: from.root, after: to.root, read: readEither(from, to) };
  const all = { ...move, selected: () => true };
  assert.equal((await planMove({ ...all, maxDelete: 5 })).deletes.length, 5);
  await assert.rejects(planMove({ ...all, maxDelete: 4 }), { code: 'over-limit' });
});

void test('a manifest that puts something below a link, or below nothing, is refused', async () => {
  const link: Entry = { kind: 'link', path: 'a', target: 'b', order: undefined };
  const before = store([folder('a'), folder('b'), file('a/x', '1')], 2);
  for (const entries of [
    [link, folder('b'), file('a/x', '1')],
    [folder('b'), file('a/x', '1')],
    [file('a', '1'), folder('b'), file('a/x', '1')],
    [folder('a'), folder('b'), file('a/x', '1'), file('a/x/y', '1')],
  ]) {
    for (const every of [1, 2, 9]) {
      const after = store(entries, every);
      const read = readEither(before, after);
      for (const from of [undefined, before.root]) {
        const move = { before: from, after: after.root, read, selected: () => true, maxDelete: 9 };
        await assert.rejects(planMove(move), (error) => {
          return error instanceof ManifestError && error.code === 'contradiction';
        });
      }
    }
  }
});

/** A mirror's disk in memory, as strict as a real one: nothing is made where its folder is not. */
class Disk {
  readonly #tree: Map<string, Entry>;

  constructor(entries: readonly Entry[]) {
    this.#tree = new Map(entries.map((entry) => [entry.path, entry]));
  }

  async follow(move: Move): Promise<Plan> {
    const plan = await planMove(move);
    const fetched = new Map<string, string>();
    const seen = new Map(this.#tree);
    for (const entry of plan.obstacles) this.#remove(entry);
    for (const step of plan.indexes) this.#bring(step, fetched);
    for await (const step of plan.content()) {
      assert.equal(step.replaces, seen.get(step.entry.path)?.kind, step.entry.path);
      this.#bring(step, fetched);
      this.#put(step.entry);
    }
    for (const step of plan.indexes) this.#put(step.entry);
    for (const entry of plan.deletes) this.#remove(entry);
    assert.equal(plan.fetch.files, fetched.size);
    return plan;
  }

  holds(entries: readonly Entry[]): void {
    sameTree(sorted(this.#tree.values()), entries);
  }

  /** Get hold of a file's content, and check that it is where the step says. */
  #bring(step: Step, fetched: Map<string, string>): void {
    if (step.do === 'folder' || step.do === 'link') return;
    const { sha256, path } = step.entry;
    if (step.do === 'fetch') {
      assert.ok(!fetched.has(sha256));
      fetched.set(sha256, path);
    } else if (step.do === 'repeat') {
      assert.equal(fetched.get(sha256), step.from);
    } else {
      const at = this.#tree.get(step.do === 'reuse' ? step.from : path);
      assert.ok(at?.kind === 'file' && at.sha256 === sha256);
    }
  }

  #put(entry: Entry): void {
    const there = this.#tree.get(entry.path);
    const above = folderOf(entry.path);
    assert.ok(above === '' || this.#tree.get(above)?.kind === 'folder', entry.path);
    assert.ok(there === undefined || (there.kind === 'folder') === (entry.kind === 'folder'));
    this.#tree.set(entry.path, entry);
  }

  #remove({ path }: Entry): void {
    assert.ok(this.#tree.has(path), path);
    assert.ok(![...this.#tree.keys()].some((other) => other.startsWith(`${path}/`)), path);
    this.#tree.delete(path);
  }
}

/** Carries all but some paths and what is below them. */
function selections(): fc.Arbitrary<Selection> {
  return fc.array(paths, { maxLength: 3 }).map((left) => (path: string) => {
    return ![...ancestors(path), path].some((above) => left.includes(above));
  });
}

function folder(path: string): Entry {
  return { kind: 'folder', path, mode: 0o755 };
}

function file(path: string, digit: string, order?: number): Entry {
  return { kind: 'file', path, mode: 0o644, size: 10, mtime: 1, sha256: digit.repeat(64), order };
}

function brief(step: Step): string {
  const from = step.do === 'reuse' || step.do === 'repeat' ? ` from ${step.from}` : '';
  return `${step.do} ${step.entry.path}${from}`;
}

async function collect(steps: AsyncIterable<Step>): Promise<Step[]> {
  const all = [];
  for await (const step of steps) all.push(step);
  return all;
}
