import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readMasterConfig } from '../config.ts';
import { initFolder, stateBeside } from './init-folder.ts';
import { readKeys } from './keys.ts';

let temp: string | undefined;
let folder = '';
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'pushmirror-init-'));
  folder = join(temp, 'etc');
});
afterEach(async () => {
  if (temp !== undefined) await rm(temp, { recursive: true });
  temp = undefined;
});

const init = (more = {}) =>
  initFolder({
    folder,
    config: join(folder, 'master.toml'),
    network: 'example',
    name: 'ftp.example.org',
    ...more,
  });

test('init makes all that serve needs, and the secrets are secret', async () => {
  const files = await init();
  const keys = readKeys(readMasterConfig(files.config));
  assert.match(keys.adminToken, /^pmt_/);
  for (const path of [files.signingKey, files.pushKey, files.adminToken]) {
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }
});

test('the database is beside the settings, but not in /etc', () => {
  assert.equal(stateBeside('/srv/master'), '/srv/master/state');
  assert.equal(stateBeside('/etc/pushmirror'), '/var/lib/pushmirror-master');
});

test('nothing is ever overwritten', async () => {
  await init();
  const before = await readFile(join(folder, 'signing_key'), 'utf8');
  await assert.rejects(init(), /master\.toml is there already\. Nothing was changed\./);
  await rm(join(folder, 'master.toml'));
  await assert.rejects(init(), /signing_key is there already/);
  assert.equal(await readFile(join(folder, 'signing_key'), 'utf8'), before);
  assert.ok(!(await readdir(folder)).includes('master.toml'));

  const other = join(temp ?? '', 'other');
  await mkdir(join(other, 'state'), { recursive: true });
  await writeFile(join(other, 'state/master.sqlite'), 'a database');
  const again = init({ folder: other, config: join(other, 'master.toml') });
  await assert.rejects(again, /master\.sqlite is there already/);
});

test('what fails half-way leaves nothing that is in the way of the next try', async () => {
  const config = join(folder, 'nowhere/master.toml');
  await assert.rejects(
    init({ config }),
    /nowhere\/master\.toml could not be written \(it is not there/,
  );
  assert.deepEqual(await readdir(folder), ['state']);
  await init();
});

test('names that nobody could use are refused before anything is made', async () => {
  await assert.rejects(init({ network: 'Not a name' }), /network needs a name/);
  await assert.rejects(init({ name: '-x' }), /must be a host name/);
});

test('keys that cannot be used are said at once', async () => {
  const files = await init();
  const config = readMasterConfig(files.config);
  const [principal] = (await readFile(files.allowedSigners, 'utf8')).split(' ');
  assert.equal(principal, config.network, 'as in docs/formats.md');
  await chmod(files.signingKey, 0o644);
  assert.throws(() => readKeys(config), /signing_key can be read by others \(mode 0644\)/);
  await chmod(files.signingKey, 0o600);
  await writeFile(
    files.allowedSigners,
    await readFile(files.allowedSigners, 'utf8').then((text) =>
      text.replace('pushmirror-head', 'something-else'),
    ),
  );
  assert.throws(() => readKeys(config), /No mirror would believe heads signed with .*namespace/);
  await rm(files.pushKey);
  await rm(files.allowedSigners);
  assert.throws(() => readKeys(config), /allowed_signers does not exist/);
});
