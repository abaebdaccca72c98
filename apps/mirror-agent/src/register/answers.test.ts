import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeAnswers, type RegisterFlags } from './answers.ts';

const network = {
  network: 'example',
  policy: 'review' as const,
  pushKey: 'ssh-ed25519 AAAA',
  archives: [
    { name: 'debian', profile: 'debian', bytes: 1 },
    { name: 'security', profile: 'debian', bytes: 1 },
  ],
};
const flags: RegisterFlags = {
  name: 'mirror.example.org',
  archive: ['debian'],
  to: '/srv/debian',
  contact: 'Team <team@example.org>',
};

test('what was not given is asked for, each thing once, and what may be empty may be', async () => {
  const asked: string[] = [];
  const given: [RegExp, string][] = [
    [/host name/, 'm.example.org'],
    [/archives/, 'debian, security'],
    [/folder/, '/srv/mirrors'],
    [/write to/, 'Team'],
    [/addresses/, '192.0.2.7 2001:db8::7'],
    [/other mirrors pull/, 'yes'],
    [/everybody see/, 'yes'],
    [/country/, 'DE'],
  ];
  const answers = await completeAnswers({}, network, async (question, usual) => {
    asked.push(question);
    return given.find(([about]) => about.test(question))?.[1] ?? usual ?? '';
  });
  assert.equal(new Set(asked).size, 13, asked.join('\n'));
  assert.equal(asked.length, 13);
  assert.deepEqual(answers, {
    name: 'm.example.org',
    contact: 'Team',
    contactPublic: true,
    country: 'DE',
    addresses: ['192.0.2.7', '2001:db8::7'],
    archives: [
      { name: 'debian', to: '/srv/mirrors/debian' },
      { name: 'security', to: '/srv/mirrors/security' },
    ],
    ssh: { user: 'mirror', host: 'm.example.org', port: 2222 },
    sshListen: { host: '0.0.0.0', port: 2222 },
    hostKey: '/etc/ssh/ssh_host_ed25519_key.pub',
    rsyncListen: { host: '0.0.0.0', port: 8873 },
    rsyncUrl: 'rsync://m.example.org:8873',
  });
});

test('where nobody can be asked, all that is missing is named at once, and nothing more is needed', async () => {
  const missing = /^AgentError: Give --name, --archive, --to, --contact, --invite\.$/;
  const invited = { ...network, policy: 'invite' as const };
  const nameless = completeAnswers({ name: '' }, invited, undefined);
  await assert.rejects(nameless, missing);
  const answers = await completeAnswers(flags, network, undefined);
  assert.deepEqual(answers.archives, [{ name: 'debian', to: '/srv/debian' }]);
  assert.equal(answers.rsyncListen, undefined, 'a leaf serves no rsync');
  assert.equal(answers.contactPublic, false);
  const agreed = await completeAnswers({ ...flags, publicContact: true }, network, undefined);
  assert.equal(agreed.contactPublic, true);
});

test('answers that cannot be are refused with the flag that they belong to', async () => {
  const bad: [RegisterFlags, RegExp][] = [
    [{ name: 'Not A Name' }, /--name: "Not A Name" is not a host name/],
    [{ to: 'srv' }, /--to: give an absolute path/],
    [{ archive: ['debain'] }, /--archive: example has debian, security, but not debain/],
    [{ ssh: 'a b@host:22' }, /--ssh: the user/],
    [{ ssh: '-oProxyCommand=x' }, /--ssh: give host:port/],
    [{ sshListen: 'localhost:22' }, /--ssh-listen: give the address to listen on/],
    [{ rsyncListen: 'nowhere' }, /--rsync-listen/],
  ];
  for (const [change, words] of bad) {
    await assert.rejects(completeAnswers({ ...flags, ...change }, network, undefined), words);
  }
});
