import { loadConfig } from '@pushmirror/config';
import { Command, Option } from 'commander';
import type { z } from 'zod';
import { counted, span } from '../http/page/words.ts';
import { policyAnswer } from '../http/routes/policy-answer.ts';
import { goalText } from '../rollout/goal.ts';
import { policyFile } from '../rollout/policy-file.ts';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { UsageError } from './exit.ts';
import { printable, say, sayJson } from './output.ts';

type Answer = z.infer<typeof policyAnswer>;

const NAMED_AT_MOST = 8;

/** `mirror-master archive set ARCHIVE --policy FILE | --switch HOW` */
export function setCommand(): Command {
  const command = new Command('set')
    .description('set how its releases roll out, from the next one on')
    .argument('<archive>')
    .option('--policy <file>', 'waves, gates and switching: see config/rollout-policy.toml')
    .addOption(
      new Option('--switch <how>', 'each mirror when it is ready, or all together').choices([
        'as-ready',
        'together',
      ]),
    )
    .addHelpText(
      'after',
      '\nA wave takes the whole subtree of the tier-1 mirror above each mirror that it names.\n\nExample:\n  mirror-master archive set debian --policy /etc/pushmirror/debian-rollout.toml\n  mirror-master archive set debian --switch together',
    );
  return withCommonOptions(command).action(
    async (name: string, options: CommonOptions & { policy?: string; switch?: string }) => {
      if ((options.policy === undefined) === (options.switch === undefined)) {
        throw new UsageError('Give either --policy FILE or --switch as-ready|together.');
      }
      const change =
        options.policy === undefined
          ? { switch: options.switch }
          : { policy: loadConfig(options.policy, policyFile) };
      show(await ask(options, name, change), options);
    },
  );
}

/** `mirror-master archive show ARCHIVE` */
export function showCommand(): Command {
  const command = new Command('show')
    .description('one archive, and how its releases roll out')
    .argument('<archive>')
    .addHelpText('after', '\nExample:\n  mirror-master archive show debian');
  return withCommonOptions(command).action(async (name: string, options: CommonOptions) => {
    show(await ask(options, name), options);
  });
}

async function ask(options: CommonOptions, name: string, change?: object): Promise<Answer> {
  const client = createClient(options);
  return change === undefined
    ? client.get(apiPath('archives', name), policyAnswer)
    : client.post(apiPath('archives', name, 'policy'), change, policyAnswer);
}

function show({ archive, policy, waves }: Answer, options: CommonOptions): void {
  if (options.json === true) return sayJson({ archive, policy, waves });
  const { name, path, profile, mode, serial } = archive;
  say(`${name}  ${printable(path)}  ${profile}, ${mode}, ${serial ?? 'nothing published yet'}`);
  const how =
    policy.switch === 'together'
      ? `together, when all have staged or after ${span(policy.stageDeadlineMs)}`
      : 'each mirror when it is ready';
  say(`Releases switch: ${how}.`);
  if (policy.waves.length === 0) return say('No waves: everybody hears at once.');
  waves.forEach(({ name: wave, mirrors }, index) => {
    const rule = policy.waves[index];
    say(`\nwave ${wave}: ${counted(mirrors.length, 'mirror')}${named(mirrors)}`);
    if (rule === undefined) return;
    const { gate, bakeMs, deadlineMs } = rule;
    const then = [
      `${goalText(gate.committed)} committed within ${span(deadlineMs)}`,
      ...(bakeMs > 0 ? [`watched for ${span(bakeMs)}`] : []),
      ...(gate.observed ? ['seen at their public addresses'] : []),
      ...(gate.check === null ? [] : [`and ${printable(gate.check.join(' '))} says yes`]),
    ];
    say(`  named: ${rule.mirrors.map(printable).join(', ')}`);
    say(`  gate: ${then.join(', ')}; else it is held`);
  });
  return undefined;
}

function named(mirrors: readonly string[]): string {
  if (mirrors.length === 0) return '';
  const more = mirrors.length - NAMED_AT_MOST;
  return `: ${mirrors.slice(0, NAMED_AT_MOST).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
