import { Command } from 'commander';
import { statusSchema } from '../http/routes/schemas.ts';
import { span } from '../http/page/words.ts';
import { createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { colouredState, printable, say, sayJson, sayTable } from './output.ts';

/** `mirror-master status` */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('how the network stands')
    .addHelpText('after', '\nExample:\n  mirror-master status');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const status = await createClient(options).get('/v1/status', statusSchema);
    if (options.json === true) return sayJson(status);
    say(`${status.network}: ${status.health.sentence}`);
    for (const { name, serial, rollout, mirrors } of status.archives) {
      say(`\n${name} ${serial ?? '(nothing public yet)'}`);
      if (rollout !== null && (rollout.held !== null || rollout.publicAt === null)) {
        const why = rollout.held === null ? rollout.phase : `HELD: ${rollout.held.reason ?? ''}`;
        say(`  ${rollout.serial}, ${printable(why)}; see: mirror-master rollout show ${name}`);
      }
      if (mirrors.length === 0) continue;
      sayTable(
        ['tier', 'mirror', 'state', 'serial', 'lag', ''],
        mirrors.map((one) => [
          String(one.tier),
          one.mirror,
          colouredState(one.state),
          String(one.serial ?? 'none'),
          one.lagSerials === 0 ? '' : `${one.lagSerials} (${span(one.lagSeconds * 1000)})`,
          printable(one.reason ?? ''),
        ]),
      );
    }
  });
}
