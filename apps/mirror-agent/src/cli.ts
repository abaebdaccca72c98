#!/usr/bin/env node
import { allRead, outlastReaders } from '@pushmirror/host/output';
import { fromEnvironment, receiveForced } from './front-door/forced-command.ts';

/**
 * `mirror-agent`. The forced command is started anew for each trigger, so it is recognized before
 * anything else is loaded; all other commands are commander's.
 */
const defaultConfig = process.env['PUSHMIRROR_AGENT_CONFIG'] ?? '/etc/pushmirror/mirror-agent.toml';

const streams = [process.stdout, process.stderr];
outlastReaders(streams);
const received = readReceive(process.argv.slice(2));
try {
  if (received === undefined) {
    const { runCommand } = await import('./commands/program.ts');
    const output = {
      stdout: (text: string) => void process.stdout.write(text),
      stderr: (text: string) => void process.stderr.write(text),
    };
    process.exitCode = await runCommand(process.argv.slice(2), { defaultConfig, output });
  } else {
    const { line, exitCode } = await receiveForced({ ...received, ...fromEnvironment() });
    process.stdout.write(line);
    process.exitCode = exitCode;
  }
} catch (error) {
  process.stderr.write(`mirror-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

await allRead(streams);
// All is done; what should still hold the process open, such as a kept connection, does not matter.
setTimeout(() => process.exit(), 1_000).unref();

/** `receive --config FILE --peer NAME`, in the form in which it stands in authorized_keys. */
function readReceive(argv: readonly string[]): { config: string; peer: string } | undefined {
  const [command, ...options] = argv;
  if (command !== 'receive') return undefined;
  let config = defaultConfig;
  let peer: string | undefined;
  for (let i = 0; i < options.length; i += 2) {
    const value = options[i + 1];
    if (value === undefined || value.startsWith('-')) return undefined;
    if (options[i] === '--config') config = value;
    else if (options[i] === '--peer') peer = value;
    else return undefined;
  }
  return peer === undefined ? undefined : { config, peer };
}
