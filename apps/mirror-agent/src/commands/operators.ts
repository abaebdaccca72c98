import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from './context.ts';
import { openDoor, operatorCommand, say, type OperatorOptions } from './operator.ts';

/** `mirror-agent operators` */
export function operatorsCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'operators',
    'The people who manage this mirror: list them, add one (the token is shown once), or remove one.',
    'mirror-agent operators --add "Jane, night shift"',
  )
    .option('--add <label>', 'add one')
    .option('--remove <id>', 'remove one: the token is refused from then on')
    .action(async (options: OperatorOptions & { add?: string; remove?: string }) => {
      const door = openDoor(options);
      if (options.add !== undefined) {
        const answered = z.object({ id: z.string(), token: z.string() });
        const made = await door.post('operators', { label: options.add }, answered);
        return say(context, options, made, [made.token]);
      }
      if (options.remove !== undefined) {
        await door.delete(
          `operators/${encodeURIComponent(options.remove)}`,
          z.object({ id: z.string() }),
        );
      }
      const one = z.object({ id: z.string(), label: z.string(), createdAt: z.string() });
      const { operators } = await door.get('operators', z.object({ operators: z.array(one) }));
      const lines = operators.map(
        ({ id, label, createdAt }) => `${id}  ${label}  since ${createdAt}`,
      );
      return say(context, options, { operators }, lines);
    });
}
