import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { debianLike, writeFiles } from './fixtures.test.ts';
import { runHook } from './hooks.ts';
import { MIRROR, withSite } from './site.test.ts';

/** A hook that writes down its name, what it was told, and which of our files it sees. */
const NOTE = `
  seen() { [ -e "$1" ] && echo "$2"; }
  printf '%s %s %s %s' "$PUSHMIRROR_HOOK" "$PUSHMIRROR_ARCHIVE" "$PUSHMIRROR_VIA" "$PUSHMIRROR_SERIAL" >> "$0"
  echo "" $(seen dists/trixie/InRelease indexes; seen project/trace/$PUSHMIRROR_MIRROR trace; seen project/pushmirror/Release.head head) >> "$0"
`;

void describe('hooks', { concurrency: 4 }, () => {
  void test('the hooks run in order at the five points of ftpsync, and know what is going on', () =>
    withSite(async ({ folder, up, to, sync, head, publish }) => {
      await writeFiles(up, debianLike(1));
      publish(head(7));
      const notes = join(folder, 'notes');
      const note = ['/bin/sh', '-c', NOTE, notes];
      const hooks = { hook1: note, hook2: note, hook3: note, hook4: note, hook5: note };
      assert.equal((await sync({ goal: () => head(7) }, { hooks })).kind, 'committed');
      const failure = await runHook({
        hook: 'hook5',
        archive: { name: 'debian', to, hooks },
        mirror: MIRROR,
        via: 'push',
        head: head(7),
        signal: new AbortController().signal,
        onEvent: () => {},
      });
      assert.equal(failure, undefined);
      const lines = readFileSync(notes, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.trim());
      assert.deepEqual(lines, [
        'hook1 debian push 7',
        'hook2 debian push 7',
        'hook3 debian push 7 indexes',
        'hook4 debian push 7 indexes trace',
        'hook5 debian push 7 indexes trace head',
      ]);
    }));

  for (const hook of ['hook1', 'hook2', 'hook3', 'hook4'] as const) {
    void test(`a ${hook} that fails ends the sync, as in ftpsync, and nothing is claimed`, () =>
      withSite(async (site) => {
        await writeFiles(site.up, debianLike(1));
        site.publish(site.head(7));
        const command = ['/bin/sh', '-c', 'echo starting >&2; echo no luck today >&2; exit 3'];
        const result = await site.sync(
          { goal: () => site.head(7) },
          { hooks: { [hook]: command } },
        );
        assert.ok(result.kind === 'failed' && result.retry);
        assert.equal(result.reason, `${hook} failed: /bin/sh ended with 3. It said: no luck today`);
        assert.equal(await site.claimed(), undefined);
        assert.ok(!existsSync(join(site.to, `Archive-Update-in-Progress-${MIRROR}`)));
        const stage2 = existsSync(join(site.to, 'dists/trixie/InRelease'));
        assert.equal(stage2, hook === 'hook3' || hook === 'hook4');
      }));
  }

  void test('a hook that cannot be started, and one that never ends', () =>
    withSite(async ({ up, sync }) => {
      await writeFiles(up, debianLike(1));
      const missing = await sync({}, { hooks: { hook1: ['/no/such/program'] } });
      assert.ok(missing.kind === 'failed');
      assert.match(missing.reason, /hook1 failed: \/no\/such\/program could not be started/);
      const endless = await sync({}, { hooks: { hook1: ['sleep', '600'] }, deadline: 3_000 });
      assert.ok(endless.kind === 'failed');
      assert.match(endless.reason, /hook1 failed: sleep took too long and was ended/);
    }));
});
