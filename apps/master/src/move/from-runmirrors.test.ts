import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromRunmirrors } from './from-runmirrors.ts';

const FILE = `# mirrors
all eu.one one.example.org archvsync
all eu.two two.example.org archvsync 2
all eu.three three.example.org archvsync 2 /root/.ssh/other
staged eu.four four.example.org archvsync -p 2222
mhop eu.five five.example.org archvsync -oPort=2223 -i /k -o Compression=yes
DELAY 600
DELAY 60 stage1
  # indented
staged eu.six ssh+ftpsync://archvsync@six.example.org
all eu.seven ssh+ftpsync://archvsync@seven.example.org/debian-ports
all eu.eight http://eight.example.org
every eu.nine nine.example.org archvsync
all eu.ten -oProxyCommand=x archvsync
all eu.eleven eleven.example.org
all eu.twelve twelve.example.org archvsync x
`;

void test('every form of line that its manual knows is read', () => {
  const { mirrors } = fromRunmirrors(FILE, '');
  assert.deepEqual(
    mirrors.map(({ line, name, push, ssh, stockName }) =>
      [line, push, `${ssh.user}@${name}:${ssh.port}`, stockName].join(' '),
    ),
    [
      '2 all archvsync@one.example.org:22 ',
      '3 all archvsync@two.example.org:22 ',
      '4 all archvsync@three.example.org:22 ',
      '5 staged archvsync@four.example.org:2222 ',
      '6 mhop archvsync@five.example.org:2223 ',
      '10 staged archvsync@six.example.org:22 ',
      '11 all archvsync@seven.example.org:22 debian-ports',
    ],
  );
  assert.equal(fromRunmirrors(FILE, 'ports').mirrors[0]?.stockName, 'ports');
});

void test('what has no counterpart is listed with its line', () => {
  const { leftOut } = fromRunmirrors(FILE, '');
  assert.deepEqual(
    leftOut.map(({ line, what }) => `${line} ${what}`),
    [
      '4 key file /root/.ssh/other',
      '6 -i/k',
      '6 -oCompression=yes',
      '7 DELAY 600',
      '8 DELAY 60 stage1',
      '12 all eu.eight http://eight.example.org',
      '13 every eu.nine nine.example.org archvsync',
      '14 all eu.ten -oProxyCommand=x archvsync',
      '15 all eu.eleven eleven.example.org',
      '16 all eu.twelve twelve.example.org archvsync x',
    ],
  );
});

void test('whatever the file, what is taken is fit for a command line', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', '.', '-', 'p', '2', '@', '/', ':', ' ', ';'),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('all', 'mhop'), word)), (lines) => {
      const text = lines.map(([type, rest]) => `${type} x ${rest}`).join('\n');
      for (const { ssh } of fromRunmirrors(text, '').mirrors) {
        assert.match(`${ssh.user}@${ssh.host}`, /^[a-z0-9_][\w.-]*@[a-z0-9:[][\w.:[\]-]*$/i);
      }
    }),
  );
});

void test('a file of another kind is told from one whose lines all have faults', () => {
  assert.equal(fromRunmirrors('all eu.eight http://eight.example.org\n', '').known, 1);
  assert.equal(fromRunmirrors('-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n', '').known, 0);
});
