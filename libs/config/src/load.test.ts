import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import {
  absolutePath,
  ConfigError,
  duration,
  loadConfig,
  parseConfig,
  port,
  size,
} from './index.ts';

const Archive = z.strictObject({
  name: z.string(),
  to: absolutePath,
  max_delete: z.int().min(0).prefault(40_000),
  mode: z.enum(['auto', 'classic']).prefault('auto'),
  deadline: duration.prefault('12h'),
  min_free: size.prefault('1G'),
});
const Agent = z.strictObject({
  name: z.string().min(1),
  state: absolutePath,
  ssh_server: z.strictObject({ address: z.string(), port }).optional(),
  archive: z.array(Archive).prefault([]),
  limits: z.record(z.string(), z.strictObject({ slots: z.int() })).prefault({}),
});

const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));

describe('loadConfig', () => {
  test('reads a good file, with defaults', () => {
    const path = write(
      'name = "leaf"\nstate = "/var/lib/x/"\n[[archive]]\nname = "debian"\nto = "/srv"',
    );
    const config = loadConfig(path, Agent);
    assert.equal(config.state, '/var/lib/x');
    assert.deepEqual(config.archive, [
      {
        name: 'debian',
        to: '/srv',
        max_delete: 40_000,
        mode: 'auto',
        deadline: 43_200_000,
        min_free: 2 ** 30,
      },
    ]);
  });

  test('a file that is missing, a folder, not text', () => {
    assert.equal(thrownBy(() => loadConfig(join(folder, 'no'), Agent)).code, 'config-missing');
    const isFolder = thrownBy(() => loadConfig(folder, Agent));
    assert.equal(isFolder.code, 'config-unreadable');
    assert.match(isFolder.message, /it is a folder/);
    const binary = join(folder, 'binary');
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]));
    const error = thrownBy(() => loadConfig(binary, Agent));
    assert.equal(error.code, 'config-unreadable');
    assert.match(error.message, /not UTF-8/);
  });

  test('of very many mistakes the first are told, and how many more there are', () => {
    const text = Array.from({ length: 1000 }, (_, index) => `odd${index} = 1\n`).join('');
    const { message } = thrownBy(() => loadConfig(write(text), Agent));
    assert.match(message, /\n[^\n]+: and 9\d\d more\.$/);
    assert.equal(message.split('\n').length, 51);
  });

  test('the message names the file', () => {
    const path = write('name = 1');
    assert.match(thrownBy(() => loadConfig(path, Agent)).message, new RegExp(`^${path}: name: `));
  });
});

describe('parseConfig', () => {
  test('three mistakes are three problems, each with its path, what was expected and found', () => {
    const text = `
      name = "leaf"
      state = "var/lib"
      [[archive]]
      name = "debian"
      to = "/srv"
      max_delete = "many"
      deadline = "12 parsecs"
    `;
    assert.deepEqual(problemLines(text), [
      'agent.toml: state: expected an absolute path such as "/srv/mirror", got "var/lib"',
      'agent.toml: archive[0].max_delete: expected a whole number, got "many"',
      'agent.toml: archive[0].deadline: expected a duration such as "90s", "10m" or "2h", got "12 parsecs"',
    ]);
  });

  test('the problems are also there to be read by programs', () => {
    const error = thrownBy(() => parseConfig('state = "/x"', Agent, 'x'));
    assert.equal(error.code, 'config-invalid');
    assert.deepEqual(error.problems, [
      { path: 'name', message: 'expected a text in quotes, got nothing' },
    ]);
  });

  test('unknown keys are each named with the nearest known one', () => {
    const text = `
      name = "leaf"
      stat = "/x"
      state = "/x"
      [ssh_server]
      address = "::1"
      port = 22
      banner = "hello"
      [[archive]]
      name = "debian"
      to = "/srv"
      maxdelete = 3
      [limits.hub]
      slots = 1
      slotz = 2
    `;
    assert.deepEqual(problemLines(text), [
      'agent.toml: ssh_server.banner: unknown key, known are address, port',
      'agent.toml: archive[0].maxdelete: unknown key, did you mean "max_delete"?',
      'agent.toml: limits.hub.slotz: unknown key, did you mean "slots"?',
      'agent.toml: stat: unknown key, did you mean "state"?',
    ]);
  });

  test('bounds, choices, lists and dates are told in words', () => {
    const schema = z.strictObject({
      mode: z.enum(['auto', 'classic']),
      slots: z.int().min(1),
      ratio: z.number().lt(1),
      names: z.array(z.string()).min(1),
      day: z.string(),
      table: z.string(),
      port,
      both: z.union([z.string(), z.int()]),
      kind: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('a') })]),
      list: z.union([z.string(), z.array(z.strictObject({ slots: z.int() }))]),
      'odd key': z.boolean(),
    });
    const text = `
      mode = "fast"
      slots = 0
      ratio = 1.5
      names = []
      day = 2026-11-21
      table = {}
      port = 70000
      both = true
      kind = { type = "b" }
      list = [{ slots = 1 }, { slots = "x" }]
      "odd key" = "yes"
    `;
    assert.deepEqual(problemLines(text, schema), [
      'agent.toml: mode: expected "auto" or "classic", got "fast"',
      'agent.toml: slots: expected at least 1, got 0',
      'agent.toml: ratio: expected less than 1, got 1.5',
      'agent.toml: names: expected at least 1 entry, got a list of 0',
      'agent.toml: day: expected a text in quotes, got 2026-11-21',
      'agent.toml: table: expected a text in quotes, got a table',
      'agent.toml: port: expected a port number from 0 to 65535, got 70000',
      'agent.toml: both: expected a text in quotes, or a whole number, got true',
      'agent.toml: kind.type: expected "a", got "b"',
      'agent.toml: list[1].slots: expected a whole number, got "x"',
      'agent.toml: "odd key": expected true or false, got "yes"',
    ]);
  });

  test('what the file has is shown short and never raw', () => {
    const [line = ''] = problemLines(`name = "a"\nstate = "${'x'.repeat(5000)}\\u001b[31m"\n`);
    assert.ok(line.length < 200);
    const [second = ''] = problemLines('name = "a"\nstate = "\\u001b[31m"');
    assert.ok(second.includes('\\u001b[31m') && !second.includes('\u001b'));
  });

  test('a rule across fields keeps its own words', () => {
    const schema = z
      .strictObject({ low: z.int(), high: z.int() })
      .refine(({ low, high }) => low < high, { error: 'low must be below high', path: ['low'] });
    assert.deepEqual(problemLines('low = 3\nhigh = 2', schema), [
      'agent.toml: low: low must be below high, got 3',
    ]);
  });

  test('a syntax error has its line and column', () => {
    const error = thrownBy(() => parseConfig('name = "a"\nstate = \n', Agent, 'agent.toml'));
    assert.equal(error.code, 'config-syntax');
    assert.match(error.message, /^agent\.toml: line 2, column \d+: \S/);
    assert.ok(!error.message.includes('\n'));
  });

  test('any text is either read or refused as a ConfigError', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'name = 1',
        '[archive]',
        '[[archive]]',
        '__proto__ = 1',
        '[ssh_server',
        'a.b=1',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        try {
          parseConfig(lines.join('\n'), Agent, 'x');
        } catch (error) {
          assert.ok(error instanceof ConfigError);
        }
      }),
    );
  });
});

describe('fields', () => {
  const cases: [string, z.ZodType, unknown, unknown][] = [
    ['duration', duration, '90s', 90_000],
    ['duration', duration, '1d', 86_400_000],
    ['duration', duration, '250ms', 250],
    ['duration', duration, '0s', undefined],
    ['duration', duration, '90', undefined],
    ['duration', duration, 90, undefined],
    ['duration', duration, '-1s', undefined],
    ['size', size, '10M', 10 * 2 ** 20],
    ['size', size, '4096', 4096],
    ['size', size, '999999999999T', undefined],
    ['size', size, '1.5G', undefined],
    ['port', port, 22, 22],
    ['port', port, 65536, undefined],
    ['port', port, 22.5, undefined],
    ['absolutePath', absolutePath, '/srv//mirror/', '/srv/mirror'],
    ['absolutePath', absolutePath, '/', '/'],
    ['absolutePath', absolutePath, '/srv/../etc', undefined],
    ['absolutePath', absolutePath, '/srv\n', undefined],
    ['absolutePath', absolutePath, 'srv', undefined],
  ];
  for (const [name, schema, input, value] of cases) {
    test(`${name}: ${JSON.stringify(input)}`, () => {
      const result = schema.safeParse(input);
      assert.deepEqual(result.success ? result.data : undefined, value);
      if (!result.success) assert.match(result.error.issues[0]?.message ?? '', /^expected an? /);
    });
  }
});

function problemLines(text: string, schema: z.ZodType = Agent): string[] {
  return thrownBy(() => parseConfig(text, schema, 'agent.toml')).message.split('\n');
}

function thrownBy(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail('nothing was thrown');
}

function write(text: string): string {
  const path = join(mkdtempSync(join(folder, 'x')), 'agent.toml');
  writeFileSync(path, text);
  return path;
}
