import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { HostError } from './errors.ts';
import { readSecret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'secret-'));
after(() => rmSync(folder, { recursive: true }));

describe('readSecret', () => {
  const path = join(folder, 'token');
  writeFileSync(path, 'secret');

  for (const mode of [0o600, 0o400, 0o700]) {
    test(`mode ${mode.toString(8)}: read`, () => {
      chmodSync(path, mode);
      assert.equal(readSecret(path).toString(), 'secret');
    });
  }

  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o602, 0o610]) {
    test(`mode ${mode.toString(8)}: refused, with what to do`, () => {
      chmodSync(path, mode);
      const error = refusal(path);
      assert.equal(error.code, 'secret-exposed');
      assert.ok(error.message.includes(`mode 0${mode.toString(8)}`));
      assert.ok(error.message.includes(`chmod 600 ${path}`));
    });
  }

  test('a link counts by what it leads to', () => {
    chmodSync(path, 0o600);
    symlinkSync(path, join(folder, 'link'));
    assert.equal(readSecret(join(folder, 'link')).toString(), 'secret');
    chmodSync(path, 0o644);
    assert.equal(refusal(join(folder, 'link')).code, 'secret-exposed');
  });

  test('nothing there', () => {
    const error = refusal(join(folder, 'none'));
    assert.equal(error.code, 'secret-missing');
    assert.match(error.message, /none does not exist/);
  });

  test('a folder, a pipe without a writer, a huge file: none of them is a secret', () => {
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    writeFileSync(join(folder, 'huge'), Buffer.alloc(100_000), { mode: 0o600 });
    for (const name of ['folder', 'pipe', 'huge']) {
      assert.equal(refusal(join(folder, name)).code, 'secret-unreadable', name);
    }
    assert.match(refusal(join(folder, 'folder')).message, /is a folder/);
    assert.match(
      refusal(join(folder, 'huge', 'x')).message,
      /a part of its path is a file, ENOTDIR/,
    );
  });
});

function refusal(path: string): HostError {
  try {
    readSecret(path);
  } catch (error) {
    assert.ok(error instanceof HostError);
    return error;
  }
  return assert.fail('it was read');
}
