import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { createNetwork } from '../harness/network.ts';

const folder = fileURLToPath(new URL('../prometheus/', import.meta.url));
const promtool = (argv: string[], input = '') => {
  const { status, stdout, stderr, error } = spawnSync('promtool', argv, {
    cwd: folder,
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { missing: error !== undefined, text: `${stdout}${stderr}`, status };
};
const skip =
  promtool(['--version']).missing && 'promtool of the Debian package prometheus is needed';

void test(
  'Prometheus takes what the master shows, and each alert of the example fires',
  { skip },
  async () => {
    for (const argv of [
      ['check', 'rules', '../../config/prometheus-alerts.yml'],
      ['test', 'rules', 'alerts.yml'],
    ]) {
      const { status, text } = promtool(argv);
      assert.equal(status, 0, text);
    }
    const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
    try {
      await network.master.publish('debian');
      const metrics = await (await fetch(`${network.master.url}/metrics`)).text();
      assert.match(metrics, /^pushmirror_mirrors\{archive="debian"/m);
      const { status, text } = promtool(['check', 'metrics'], metrics);
      assert.equal(status, 0, text);
    } finally {
      await network.close();
    }
  },
);
