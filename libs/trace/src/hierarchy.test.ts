import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  formatHierarchy,
  formatTraceList,
  joinHierarchy,
  parseHierarchy,
  parseTraceList,
} from './hierarchy.ts';

const hub = { traceFile: 'hub', mirror: 'hub', host: 'hub.example', upstream: 'master.example' };
const leaf = { traceFile: 'leaf', mirror: 'leaf', host: 'box7', upstream: 'hub.example' };

describe('_hierarchy', () => {
  test('four words a line', () => {
    const text = 'hub hub hub.example master.example\nleaf leaf box7 hub.example\n';
    assert.equal(formatHierarchy([hub, leaf]), text);
    assert.deepEqual(parseHierarchy(text), [hub, leaf]);
  });

  test('our own line stands once, at the end', () => {
    assert.deepEqual(joinHierarchy([hub], leaf), [hub, leaf]);
    assert.deepEqual(joinHierarchy([leaf, hub], leaf), [hub, leaf]);
  });

  test('lines of others that are not four plain words are left out', () => {
    const text = [
      'a b c',
      'a b c d e',
      '../../etc b c d',
      '_x b c d',
      'a <script> c d',
      'a b\tc d',
      'hub  hub hub.example master.example',
      '',
    ];
    assert.deepEqual(parseHierarchy(text.join('\r\n')), [hub]);
  });

  test('odd words of our own become "unknown", never more words', () => {
    const odd = { ...leaf, host: 'two words', upstream: '' };
    assert.equal(formatHierarchy([odd]), 'leaf leaf unknown unknown\n');
  });

  test('any text is read, and what was read is written as it was', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '.', '_', '/', ' ', '\n', '\0') }),
        (text) => {
          const lines = parseHierarchy(text);
          assert.deepEqual(parseHierarchy(formatHierarchy(lines)), lines);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('_traces', () => {
  test('oldest first, without the files that begin with "_"', () => {
    const files = [
      { name: 'leaf', modified: new Date(3) },
      { name: '_hierarchy', modified: new Date(2) },
      { name: 'master', modified: new Date(1) },
      { name: 'odd\nname', modified: new Date(1) },
    ];
    assert.equal(formatTraceList(files), 'master\nleaf\n');
    assert.deepEqual(parseTraceList('master\n../x\n_traces\nleaf\n'), ['master', 'leaf']);
  });
});
