import { Command } from 'commander';
import { rolloutSchema } from '../http/routes/schemas.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { printable, say, sayJson } from './output.ts';

/** `mirror-master rollout halt ARCHIVE` */
export function haltCommand(): Command {
  const command = new Command('halt')
    .description('hold the newest release: no mirror passes it on or switches to it')
    .argument('<archive>')
    .option('--reason <text>', 'one line of plain ASCII; every mirror hears it')
    .addHelpText(
      'after',
      '\nMirrors that serve it already keep it: publish a mended one, with --urgent if it must not wait.\n\nExample:\n  mirror-master rollout halt debian --reason "broken Packages of main/arm64"',
    );
  return withCommonOptions(command).action(
    async (archive: string, options: CommonOptions & { reason?: string }) => {
      const { reason } = options;
      const body = reason === undefined ? {} : { reason };
      const path = apiPath('rollouts', archive, 'halt');
      const rollout = await createClient(options).post(path, body, rolloutSchema);
      if (options.json === true) return sayJson(rollout);
      const { serial, mirrors } = rollout;
      say(
        `${archive} ${serial} is held; ${mirrors.committed} of ${mirrors.total} have it already.`,
      );
      say(`Let it go on with: mirror-master rollout resume ${archive}`);
    },
  );
}

/** `mirror-master rollout resume ARCHIVE` */
export function resumeCommand(): Command {
  const command = new Command('resume')
    .description('let a release that is held go on')
    .argument('<archive>')
    .option('--skip-gate', 'go on with the next wave, or switch with those that have staged, now')
    .addHelpText(
      'after',
      '\nThe times of its wave begin anew: deadline, bake, and the gate is asked again.\n\nExample:\n  mirror-master rollout resume debian --skip-gate',
    );
  return withCommonOptions(command).action(
    async (archive: string, options: CommonOptions & { skipGate?: boolean }) => {
      const body = { skipGate: options.skipGate === true };
      const path = apiPath('rollouts', archive, 'resume');
      const rollout = await createClient(options).post(path, body, rolloutSchema);
      if (options.json === true) return sayJson(rollout);
      say(`${printable(archive)} ${rollout.serial} goes on.`);
      say(`Follow: mirror-master rollout show ${archive} --follow`);
    },
  );
}
