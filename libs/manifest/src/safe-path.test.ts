import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { names } from './samples.test.ts';
import { whyUnsafeLink, whyUnsafePath } from './safe-path.ts';
import { bytesOf, onDisk, percentDecode, percentEncode, printable, treePath } from './tree-path.ts';

void test('what is safe stays in the folder it is joined to', () => {
  const parts = fc.oneof(names, fc.constantFrom('', '.', '..', '/', '\0', 'n'.repeat(300)));
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 5 }), (words) => {
      const path = words.join('/');
      if (whyUnsafePath(path) !== undefined) return;
      assert.equal(posix.join('/archive', path), `/archive/${path}`);
      assert.ok(!path.includes('\0'));
    }),
    { numRuns: 2_000 },
  );
});

void test('each way out of the tree is refused with its reason', () => {
  for (const path of ['', '/', '/etc', 'a//b', 'a/', './a', 'a/..', '../a', 'a\0', 'a/./b']) {
    assert.notEqual(whyUnsafePath(path), undefined, path);
  }
  for (const path of ['a', '...', '..a', 'a b', 'a\nb', '\xff', '~', '-rf', 'x'.repeat(255)]) {
    assert.equal(whyUnsafePath(path), undefined, path);
  }
});

void test('links that pass through other safe links never leave the tree', () => {
  const targets = fc
    .array(fc.constantFrom('..', '.', '', 'a', 'b', 'c'), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('/'));
  const places = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(places, targets), { maxLength: 8 }), (pairs) => {
      const links = new Map<string, string>();
      for (const [place, target] of pairs) {
        const path = place.join('/');
        // As in a manifest: nothing is below a link.
        const clash = [...links.keys()].some(
          (other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
        );
        if (!clash && whyUnsafeLink(path, target) === undefined) links.set(path, target);
      }
      for (const path of links.keys()) assert.ok(staysInside(path, links), path);
    }),
    { numRuns: 5_000 },
  );
});

void test('links: absolute, empty, climbing too far, climbing after a name', () => {
  for (const [path, target] of [
    ['a', '/etc/passwd'],
    ['a', ''],
    ['a', '..'],
    ['a/b', '../..'],
    ['a/b/c', '../d/../../../x'],
    ['a/b', 'c/..'],
    ['a', 'x\0'],
    ['a', 'x'.repeat(4_000)],
  ] as const) {
    assert.notEqual(whyUnsafeLink(path, target), undefined, `${path} -> ${target}`);
  }
  for (const [path, target] of [
    ['dists/stable', 'trixie'],
    ['a/b', '..'],
    ['a/b/c', '../../d//e/./f/'],
    ['a', './b'],
  ] as const) {
    assert.equal(whyUnsafeLink(path, target), undefined, `${path} -> ${target}`);
  }
});

void test('paths keep every byte, and show none that disturbs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const path = treePath(bytes);
      assert.deepEqual(bytesOf(path), Buffer.from(bytes));
      assert.equal(percentDecode(percentEncode(path)), path);
      assert.match(percentEncode(path), /^[!-~]*$/);
      assert.ok(!/[\p{Cc}\p{Cf}]/u.test(printable(path)));
    }),
  );
  assert.equal(printable(treePath('é "x"\n')), '"é \\"x\\"\\u{a}"');
  assert.equal(printable('a\xff'), '"a\\xff"');
  assert.equal(percentDecode('%4'), undefined);
  assert.equal(percentDecode('%41'), undefined);
  assert.equal(onDisk('/srv', 'a b'), '/srv/a b');
  assert.deepEqual(onDisk('/srv/é', '\xff'), Buffer.from('/srv/\xc3\xa9/\xff', 'latin1'));
});

/** Follows a link as a kernel would; every name that is no link is taken for a folder. */
function staysInside(link: string, links: ReadonlyMap<string, string>): boolean {
  const at = link.split('/').slice(0, -1);
  const todo = (links.get(link) ?? '').split('/');
  for (let hops = 0; todo.length > 0 && hops < 500; hops++) {
    const name = todo.shift();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      if (at.length === 0) return false;
      at.pop();
      continue;
    }
    const target = links.get([...at, name].join('/'));
    if (target === undefined) at.push(name);
    else todo.unshift(...target.split('/'));
  }
  return true;
}
