import type { Command } from 'commander';
import { z } from 'zod';
import { inWords, windowOf, type WindowFlags } from '../operate/window.ts';
import type { CommandContext } from './context.ts';
import { openDoor, operatorCommand, say, type OperatorOptions } from './operator.ts';
import { milliseconds } from './time.ts';

/** `mirror-agent maintenance` */
export function maintenanceCommand(context: CommandContext): Command {
  return operatorCommand(
    context,
    'maintenance',
    'Times in which nothing is pushed here: list them, add one, or remove one. All in UTC.',
    'mirror-agent maintenance --weekly sun --at 02:00 --for 4h',
  )
    .option('--from <time>', 'once: its start, such as 2026-11-21T22:00Z')
    .option('--to <time>', 'once: its end')
    .option('--weekly <day>', 'every week on this day: sun, mon, ...')
    .option('--at <hh:mm>', 'weekly: its start')
    .option('--for <time>', 'weekly: how long, such as 4h', milliseconds)
    .option('--remove <id>', 'remove one')
    .action(async (options: OperatorOptions & WindowFlags & { remove?: string }) => {
      const window = windowOf(options);
      const door = openDoor(options);
      if (options.remove !== undefined) {
        await door.delete(
          `maintenance/${encodeURIComponent(options.remove)}`,
          z.object({ id: z.string() }),
        );
      } else if (window !== undefined)
        await door.post('maintenance', window, z.object({ id: z.string() }));
      const time = z.string().nullable();
      const number = z.number().nullable();
      const one = {
        startsAt: time,
        endsAt: time,
        weekday: number,
        startMinute: number,
        minutes: number,
      };
      const list = z.object({ windows: z.array(z.object({ id: z.string(), ...one })) });
      const { windows } = await door.get('maintenance', list);
      const lines = windows.map((each) => `${each.id}  ${inWords(each)}`);
      say(context, options, { windows }, lines.length === 0 ? ['No maintenance.'] : lines);
    });
}
