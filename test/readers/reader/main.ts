// Reads a mirror's tree over and over, as clients do, and writes down what it found: one line a
// pass. It shares no code with the product.
//
//   node --import tsx test/readers/reader/main.ts TREE HISTORY SEED    until SIGTERM
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../../faults/random.ts';
import { lookAt, type How } from './look.ts';
import type { Named } from './release-file.ts';

const SUITES = ['trixie', 'trixie-updates'];
const WAYS: How[] = ['by-hash', 'by-name'];
const PACKAGES_A_LIST = 3;
/** Between two passes: whoever is watched has to get some of the machine too. */
const PAUSE_MS = 2;

const [tree = '', history = '', seed = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
const pick = (from: readonly Named[]) => random.sample(from, PACKAGES_A_LIST);
let stopped = false;
process.on('SIGTERM', () => (stopped = true));

const out = openSync(history, 'a');
let begun = false;
while (!stopped) {
  for (const suite of SUITES) {
    for (const how of WAYS) {
      const at = new Date().toISOString();
      const look = await lookAt(tree, suite, how, pick);
      begun ||= look.release !== undefined;
      // Before the first release is there, there is nothing to be missed.
      if (begun) writeSync(out, `${JSON.stringify({ at, type: 'look', ...look })}\n`);
      await delay(PAUSE_MS);
    }
  }
}
closeSync(out);
