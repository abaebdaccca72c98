import { within } from '@pushmirror/host/within';
import type { Command } from 'commander';
import picocolors from 'picocolors';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { newCommand, type CommandContext, type CommonOptions } from './context.ts';

const DEADLINE_MS = 60_000;

/** `mirror-agent doctor` */
export function doctorCommand(context: CommandContext): Command {
  return newCommand(
    context,
    'doctor',
    'Check this installation, and say how to mend each fault. Exit code 1 when there is one.',
    'mirror-agent doctor',
  ).action(async ({ config, json }: CommonOptions) => {
    const findings = await examine(config, within(DEADLINE_MS));
    const ok = findings.every(({ state }) => state !== 'fault');
    const text = json === true ? JSON.stringify({ ok, findings }) : findings.map(lineOf).join('\n');
    context.output.stdout(`${text}\n`);
    context.exit(ok ? 0 : 1);
  });
}

function lineOf({ check, state, seen, mend }: Finding): string {
  const mark = {
    good: picocolors.green('good'),
    note: picocolors.yellow('note'),
    fault: picocolors.red('FAULT'),
  }[state];
  const what = `${mark}  ${check}: ${seen.replace(/\p{Cc}+/gu, ' ')}`;
  return mend === undefined ? what : `${what}\n      ${mend}`;
}
