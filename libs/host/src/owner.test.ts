import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

const isRoot = process.geteuid?.() === 0;

void test(
  'root goes on as the user whose folder it is, and cannot go back',
  { skip: !isRoot },
  (t) => {
    const folder = folderFor(t);
    chownSync(folder, 65_534, 65_533);
    assert.deepEqual(after(folder), [65_534, 65_534, 65_533, false]);
  },
);

void test('where the folder is our own or not there, nothing changes', (t) => {
  const folder = folderFor(t);
  const [uid, , gid] = after(folder);
  assert.deepEqual([uid, gid], [process.geteuid?.(), process.getegid?.()]);
  assert.equal(after(join(folder, 'none'))[0], process.geteuid?.());
});

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushmirror-owner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Who a process is after it: effective and real user, group, and whether it may be root again. */
function after(folder: string): unknown[] {
  const program = `
    import { becomeOwnerOf } from '${new URL('owner.ts', import.meta.url).href}';
    becomeOwnerOf(process.argv[1]);
    const mayReturn = () => { try { process.setuid(0); return process.getuid() === 0; } catch { return false; } };
    console.log(JSON.stringify([process.geteuid(), process.getuid(), process.getegid(), mayReturn()]));`;
  const argv = ['--import', 'tsx', '--input-type=module', '-e', program, folder];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as unknown[];
}
