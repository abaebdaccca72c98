// Goes over what a fault run has left in a folder, and says whether any promise was broken. It is
// not part of the product and shares no code with it: it reads files and asks the database in SQL.
//
//   node --import tsx test/faults/reader/main.ts artefacts/faults-SEED
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checks, type Evidence } from './checks.ts';
import { readDatabase } from './database.ts';
import { figuresOf } from './figures.ts';
import { readHistory } from './history.ts';
import { readComplaints } from './logs.ts';
import { readMirror, readTree } from './mirror-state.ts';

const SHOWN = 10;

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(join(folder, 'history.ndjson'))) {
  process.stderr.write('Usage: reader/main.ts FOLDER, where FOLDER has a history.ndjson.\n');
  process.exitCode = 2;
} else {
  process.exitCode = judge(gather(folder));
}

function gather(from: string): Evidence {
  const history = readHistory(join(from, 'history.ndjson'));
  const head = readFileSync(join(from, 'tree/project/pushmirror/Release.head'), 'latin1');
  return {
    history,
    master: readDatabase(join(from, 'master/state/master.sqlite'), history.archive),
    tree: readTree(join(from, 'tree')),
    shown: Number(/^Serial: (\d+)$/m.exec(head)?.[1]),
    mirrors: history.mirrors.map(({ name }) =>
      readMirror(join(from, 'mirrors', name), name, history.archive),
    ),
    complaints: [
      ...readComplaints('master', join(from, 'master/master.log')),
      ...history.mirrors.flatMap(({ name }) =>
        readComplaints(name, join(from, 'mirrors', name, 'agent.log')),
      ),
    ],
  };
}

function judge(evidence: Evidence): number {
  let broken = 0;
  for (const { promise, violations } of checks) {
    const found = violations(evidence);
    broken += found.length;
    process.stdout.write(`${found.length === 0 ? 'held  ' : 'BROKEN'}  ${promise}\n`);
    for (const line of found.slice(0, SHOWN)) process.stdout.write(`        ${line}\n`);
    if (found.length > SHOWN) {
      process.stdout.write(`        and ${found.length - SHOWN} more\n`);
    }
  }
  process.stdout.write(`${JSON.stringify({ ...figuresOf(evidence), violations: broken })}\n`);
  return broken === 0 ? 0 : 1;
}
