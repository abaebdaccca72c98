import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { noise } from '../../../../../test/harness/plain-tree.ts';
import { debianLike, writeFiles } from '../fixtures.test.ts';
import { CHANGING_FILE } from '../own-files.ts';
import { MIRROR, write } from '../site.test.ts';
import { withManifests } from './publish.test.ts';
import { sampleOf, verifyTree, type Problem } from './verify.ts';

void test('verify names what is missing, extra or wrong; repair fetches only that', () =>
  withManifests(async ({ up, to, release, sync }) => {
    await writeFiles(up, debianLike(1));
    write(up, 'pool/big.deb', noise('big', 2_000_000));
    const first = await release(1);
    await sync({ goal: () => first });
    const verify = async () => {
      const problems: Problem[] = [];
      const onProblem = (problem: Problem) => void problems.push(problem);
      const { signal } = new AbortController();
      const archive = { to };
      const verified = await verifyTree({
        archive,
        mirror: MIRROR,
        percent: 100,
        signal,
        onProblem,
      });
      return { verified, problems };
    };
    const good = await verify();
    assert.equal(good.verified.kind === 'verified' && good.verified.serial, 1);
    assert.deepEqual(good.problems, []);

    rmSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb'));
    write(to, 'pool/extra', 'x');
    const same = join(to, 'dists/trixie/InRelease');
    const { mtime, size } = statSync(same);
    write(to, 'dists/trixie/InRelease', 'x'.repeat(size));
    utimesSync(same, mtime, mtime);
    const { problems } = await verify();
    assert.deepEqual(problems, [
      { problem: 'wrong', path: 'dists/trixie/InRelease', about: 'other content' },
      { problem: 'extra', path: 'pool/extra' },
      { problem: 'missing', path: 'pool/main/b/beta/beta_1_amd64.deb' },
    ]);
    const repaired = await sync({ goal: () => first, lookThrough: true });
    assert.ok(repaired.kind === 'committed' && repaired.bytes < 20_000, JSON.stringify(repaired));
    assert.deepEqual((await verify()).problems, []);
    assert.deepEqual(await compareTrees(up, to), []);
  }));

void test('what waits for its grace period is not extra', () =>
  withManifests(async ({ up, to, release, sync }) => {
    await writeFiles(up, debianLike(1));
    const first = await release(1);
    await sync({ goal: () => first });
    rmSync(join(up, 'pool/main/b'), { recursive: true });
    const second = await release(2);
    await sync({ goal: () => second }, { delete_after: 3_600_000 });
    assert.ok(existsSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb')));
    write(to, 'pool/extra', 'x');
    assert.deepEqual(await verifyAll(to), {
      kind: 'verified',
      problems: [{ problem: 'extra', path: 'pool/extra' }],
    });
  }));

void test('a sync that moves the tree meanwhile is told of, and nothing that it did', () =>
  withManifests(async ({ up, to, release, sync }) => {
    await writeFiles(up, debianLike(1));
    const first = await release(1);
    await sync({ goal: () => first });
    let begun = false;
    const verified = await verifyAll(to, () => {
      if (begun) return;
      begun = true;
      write(to, CHANGING_FILE, ''); // A sync writes this first.
      rmSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb'));
      write(to, 'pool/new', 'x');
    });
    assert.deepEqual(verified, {
      kind: 'unknown',
      reason: 'a sync has moved the tree meanwhile: verify it again',
      problems: [],
    });
  }));

async function verifyAll(to: string, onProgress = () => {}) {
  const problems: Problem[] = [];
  const verified = await verifyTree({
    archive: { to },
    mirror: MIRROR,
    percent: 100,
    signal: new AbortController().signal,
    onProblem: (problem) => void problems.push(problem),
    onProgress,
  });
  return verified.kind === 'unknown'
    ? { ...verified, problems }
    : { kind: verified.kind, problems };
}

void test('a sample is of about the share that was asked for', () => {
  const reads = sampleOf(5);
  const read = Array.from({ length: 10_000 }, (_, i) => `pool/${i}`).filter(reads).length;
  assert.ok(read > 400 && read < 600, `${read}`);
});
