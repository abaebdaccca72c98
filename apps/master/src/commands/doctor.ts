import { Command } from 'commander';
import picocolors from 'picocolors';
import { examine } from '../doctor/examine.ts';
import { configPath, withCommonOptions, type CommonOptions } from './config-option.ts';
import { Exit, EXIT } from './exit.ts';
import { printable, say, sayJson } from './output.ts';

/** `mirror-master doctor` */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('check this installation, and say how to mend each fault')
    .addHelpText('after', '\nExample:\n  mirror-master doctor --json');
  return withCommonOptions(command).action(async (options: CommonOptions) => {
    const findings = await examine(configPath(options));
    const ok = findings.every(({ state }) => state === 'good');
    if (options.json === true) sayJson({ ok, findings });
    else {
      for (const { check, state, seen, mend } of findings) {
        const mark = state === 'good' ? picocolors.green('good ') : picocolors.red('FAULT');
        say(`${mark}  ${check}: ${printable(seen)}`);
        if (mend !== undefined) say(`       ${mend}`);
      }
    }
    if (!ok) throw new Exit(EXIT.failed);
  });
}
