import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTrace } from '@pushmirror/trace';
import { debianLike, writeFiles } from './fixtures.test.ts';
import { MIRROR, withSite } from './site.test.ts';

void test('the trace file has the fields of ftpsync and ours, and the chain and the list are kept', () =>
  withSite(async (site) => {
    const { up, to, sync, head } = site;
    await writeFiles(up, {
      ...debianLike(1),
      'project/trace/master': 'Sat Nov 21 09:00:00 UTC 2026\nArchive serial: 2026112101\n',
      'project/trace/_hierarchy.mirror': 'hub.example.org hub.example.org hub master.example.org\n',
    });
    const goal = head(2026112101);
    site.publish(goal);
    const result = await sync(
      { goal: () => goal, via: 'poll' },
      { architectures: { include: ['source', 'amd64'], exclude: [] } },
    );
    assert.equal(result.kind, 'committed');
    const read = (name: string) => readFileSync(join(to, 'project/trace', name), 'utf8');

    const text = read(MIRROR);
    const trace = parseTrace(text);
    assert.match(text, /^Sat Nov 21 10:00:00 UTC 2026\nDate: Sat, 21 Nov 2026 10:00:00 \+0000\n/);
    assert.deepEqual(trace.architectures, ['amd64', 'source']);
    assert.deepEqual(trace.architecturesConfiguration, {
      kind: 'include',
      architectures: ['amd64', 'source'],
    });
    assert.deepEqual(trace.head, { epoch: 1, serial: 2026112101 });
    assert.equal(trace.archiveSerial, '2026112101');
    assert.equal(trace.network, 'example');
    assert.equal(trace.runningOnHost, 'leaf-host');
    assert.equal(trace.upstreamMirror, '127.0.0.1');
    assert.equal(trace.trigger, 'poll');
    assert.match(trace.creator ?? '', /^pushmirror \d/);
    assert.equal(trace.bytesReceived, result.kind === 'committed' ? result.bytes : -1);

    const chain =
      'hub.example.org hub.example.org hub master.example.org\n' +
      `${MIRROR} ${MIRROR} leaf-host 127.0.0.1\n`;
    assert.equal(read('_hierarchy'), chain);
    assert.equal(read('_hierarchy.mirror'), chain);
    assert.equal(read('_traces').split('\n').toSorted().join(' ').trim(), `${MIRROR} master`);

    await sync({ goal: () => goal });
    assert.equal(read('_hierarchy'), chain, 'a second sync adds no second line');
  }));
