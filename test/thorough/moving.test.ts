import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAgent, type OperatorKit } from '../harness/agent.ts';
import { agentProgram, appArgv, command } from '../harness/app.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import { serialOf } from '../harness/forge.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { createStockHost, isFtpsyncInstalled, type StockHost } from '../harness/stock-host.ts';
import { tool } from '../harness/tool.ts';
import { waitFor } from '../harness/wait.ts';

/** A site with runmirrors and a mirror with ftpsync move to us, and back. */
void describe('moving in from runmirrors, and out again', { skip: !isFtpsyncInstalled() }, () => {
  let network: Network;
  let stock: StockHost;
  let site: string;

  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await network.master.command(...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  before(async () => {
    network = await createNetwork({ hubs: 0 });
    await network.master.configure((settings) => {
      Object.assign(settings, { registration: { allow_addresses: ['127.0.0.0/8'] } });
      Object.assign(settings['push'] as object, { stock_poll: '200ms' });
    });
    await network.master.service.restart();
    await buildPlainTree(network.tree('debian'), { files: 20 });
    stock = await createStockHost({
      name: '127.0.0.1',
      folder: join(network.folder, 'stock'),
      rsyncPort: network.master.rsyncPort,
    });
    await stock.authorize([network.master.pushKey]);
    await stock.start();
    site = join(network.folder, 'site');
    await mkdir(site);
    await writeFile(
      join(site, 'runmirrors.mirror'),
      [
        '# our mirrors',
        `staged eu.stock 127.0.0.1 ${stock.sshUser} -p ${stock.sshPort}`,
        'DELAY 60',
        'all eu.unknown nowhere.example.org archvsync',
        '',
      ].join('\n'),
    );
    await writeFile(join(site, 'runmirrors.conf'), 'KEYFILE=~/.ssh/key\nMAILTO=`whoami`\n');
    await writeFile(join(site, 'known_hosts'), `[127.0.0.1]:${stock.sshPort} ${stock.hostKey}\n`);
  });
  after(async () => {
    await stock?.stop();
    await network?.close();
  });

  const importing = (...more: string[]) => [
    'import',
    'runmirrors',
    join(site, 'runmirrors.mirror'),
    '--known-hosts',
    join(site, 'known_hosts'),
    '--http-url',
    stock.httpUrl,
    ...more,
  ];

  void test('import adds what can be added and lists the rest; a dry run adds nothing', async () => {
    const mirrors = async () => (await json('mirror', 'list'))['mirrors'] as unknown[];
    const dry = await json(...importing('--dry-run'));
    const told = await network.master.command(...importing('--dry-run'));
    assert.match(told.stdout, /runmirrors\.mirror:2: would add 127\.0\.0\.1 \(eu\.stock\)/);
    assert.match(told.stderr, /runmirrors\.conf:2: left out: MAILTO=`whoami`: /);
    assert.match(told.stderr, /runmirrors\.mirror:3: left out: DELAY 60: /);
    assert.equal((await mirrors()).length, 0);
    const real = await json(...importing());
    assert.deepEqual({ ...real, dryRun: true }, dry);
    assert.deepEqual(
      (real['leftOut'] as { line: number; why: string }[]).map(({ line }) => line),
      [3, 4],
    );
    assert.equal((await mirrors()).length, 1);
    const again = await json(...importing());
    assert.deepEqual(again['added'], []);
    const { mirrors: counts } = await network.master.publish(
      'debian',
      '--wait',
      '100%',
      '--timeout',
      '60s',
    );
    assert.deepEqual(counts, { total: 1, committed: 1, failed: 0 });
    assert.notEqual(await serialOf(stock.tree), undefined);
  });

  void test('the stock runmirrors pushes the same mirrors by what is exported', async () => {
    const home = join(network.folder, 'home');
    const folder = join(home, '.config/ftpsync');
    await json('export', 'runmirrors', '--to', folder);
    const syncs = () => stock.log().split('Mirrorsync done').length;
    const before = syncs();
    await tool(['runmirrors'], {
      env: { HOME: home, LOGNAME: 'root', BASEDIR: home, MAILTO: '', PUSHDELAY: '30' },
    });
    await waitFor(async () => syncs() >= before + 2, {
      deadlineMs: 60_000,
      describe: () => `both stages are done: ${stock.log().slice(-2_000)}`,
    });
    const log = await readFile(join(home, '.local/log/ftpsync/runmirrors.log'), 'utf8');
    assert.match(log, /Trigger for 127\.0\.0\.1 done/);
  });

  void test('an agent comes from an ftpsync.conf and goes back to one, by the commands of its operator', async () => {
    const folder = join(network.folder, 'moved');
    const config = join(folder, 'mirror-agent.toml');
    const conf = join(stock.folder, '.config/ftpsync/ftpsync.conf');
    const agent = (...args: string[]) => command(agentProgram, [...args, '--config', config]);
    const importing = [
      'import',
      'ftpsync',
      conf,
      '--network',
      'example',
      '--state',
      `${folder}/state`,
    ];
    const signers = ['--allowed-signers', network.master.allowedSigners];
    const dry = await agent(...importing, ...signers, '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.equal(existsSync(config), false);
    const real = await agent(...importing, ...signers);
    assert.equal(real.code, 0, real.stderr);
    assert.equal(await readFile(config, 'utf8'), dry.stdout);

    await mkdir(join(folder, 'state'));
    const doctor = await agent('doctor', '--json');
    const { findings } = JSON.parse(doctor.stdout) as {
      findings: { check: string; state: string; mend?: string }[];
    };
    assert.deepEqual(
      findings.filter(({ state }) => state === 'fault').map(({ check }) => check),
      ['daemon'],
      doctor.stdout,
    );
    const moved = await agent('sync');
    assert.equal(moved.code, 0, moved.stderr);

    const back = await agent('export', 'ftpsync', '--to', join(folder, '.config/ftpsync'));
    assert.equal(back.code, 0, back.stderr);
    await rm(join(stock.tree, 'dists'), { recursive: true, force: true });
    await tool(['ftpsync'], { env: { HOME: folder, LOGNAME: 'root', MAILTO: '' } });
    assert.deepEqual(
      (await compareTrees(network.tree('debian'), stock.tree)).filter(
        (line) => !/project\//.test(line),
      ),
      [],
    );
  });

  void test('a host that has moved keeps its name, and reports', async () => {
    const kit = await json('mirror', 'agent', stock.name);
    assert.match(String(kit['agentConfig']), /^name = "127\.0\.0\.1"$/m);
    assert.match(String(kit['authorizedKeys']), /mirror-agent receive/);
    const again = await network.master.command('mirror', 'agent', stock.name);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /runs the agent already/);

    const folder = join(network.folder, 'as-agent');
    const agent = await createAgent({
      name: stock.name,
      folder,
      hub: false,
      archives: ['debian'],
    });
    await agent.install(kit as unknown as OperatorKit);
    await agent.configure((all) => {
      Object.assign(all.archive[0] ?? {}, { to: stock.tree });
      delete all['ssh_server'];
    });
    // The key that ran ftpsync runs the agent's forced command from now on.
    const line = String(kit['authorizedKeys'])
      .replace('/usr/bin/mirror-agent', appArgv(agentProgram).join(' '))
      .replace('/etc/pushmirror/mirror-agent.toml', agent.config);
    await writeFile(join(stock.folder, 'sshd/authorized_keys'), line);
    network.leaves.push(agent);
    await agent.service.start();
    const done = await network.master.publish('debian', '--wait', '100%', '--timeout', '50s');
    assert.deepEqual(done.mirrors, { total: 1, committed: 1, failed: 0 });
    const [push] = await network.master.pushes('debian', done.serial);
    assert.match(push?.reason ?? '', /^$|new here/);
    assert.equal(await serialOf(stock.tree), done.serial);
  });

  void test('doctor finds nothing wrong with a master that runs, and says what to do when it does not', async () => {
    const well = await network.master.command('doctor', '--json');
    assert.equal(well.code, 0, well.stdout);
    await network.master.service.stop();
    const ill = await network.master.command('doctor');
    assert.equal(ill.code, 1);
    assert.match(ill.stdout, /FAULT {2}service: .*\n +Start it/);
  });
});
