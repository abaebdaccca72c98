import type { Command } from 'commander';
import { z } from 'zod';
import type { OperatorDoor } from '../operate/door.ts';
import type { CommandContext } from './context.ts';
import { openDoor, operatorCommand, say, type OperatorOptions } from './operator.ts';

const done = z.object({ mirror: z.string(), state: z.string() });

export function pauseCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'pause',
    'Have the master push nothing here until resume. The agent goes on polling.',
    'mirror-agent pause --reason "new disks"',
  )
    .requiredOption('--reason <text>', 'shown to the administrators')
    .action((options: OperatorOptions & { reason: string }) =>
      answer(context, options, (door) => door.post('pause', { reason: options.reason }, done)),
    );
}

export function resumeCommand(context: CommandContext): Command {
  return operatorCommand(context, 'resume', 'Be pushed again.', 'mirror-agent resume').action(
    (options: OperatorOptions) => answer(context, options, (door) => door.post('resume', {}, done)),
  );
}

export function leaveCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'leave',
    'Leave the network: no more pushes, and all tokens end. The tree on disk stays as it is.',
    'mirror-agent leave --reason "the lease has ended"',
  )
    .requiredOption('--reason <text>', 'shown to the administrators')
    .action((options: OperatorOptions & { reason: string }) =>
      answer(context, options, (door) => door.post('leave', { reason: options.reason }, done)),
    );
}

export function optCommand(context: CommandContext, way: 'opt-in' | 'opt-out'): Command {
  const about = {
    'opt-in':
      'Be pushed for an archive from the next release on. It needs an [[archive]] block, too.',
    'opt-out': 'Be pushed no more for an archive, from this moment on.',
  }[way];
  return operatorCommand(context, way, about, `mirror-agent ${way} debian-security`)
    .argument('<archive>')
    .action((archive: string, options: OperatorOptions) =>
      answer(context, options, (door) => door.post(way, { archive }, done)),
    );
}

async function answer(
  context: CommandContext,
  options: OperatorOptions,
  work: (door: OperatorDoor) => Promise<z.output<typeof done>>,
): Promise<void> {
  const result = await work(openDoor(options));
  const words = result.state === 'left' ? 'has left' : `is ${result.state}`;
  say(context, options, result, [`${result.mirror} ${words}.`]);
}
