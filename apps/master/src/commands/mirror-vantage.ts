import { Argument, Command } from 'commander';
import { z } from 'zod';
import { apiPath, createClient } from './client.ts';
import { withCommonOptions, type CommonOptions } from './config-option.ts';
import { say, sayJson } from './output.ts';

const answerSchema = z.object({ mirror: z.string(), asked: z.boolean() });

/** `mirror-master mirror vantage` */
export function mirrorVantageCommand(): Command {
  const command = new Command('vantage')
    .description('ask a mirror to look at the others from where it is, or no longer')
    .argument('<name>', 'its name; its agent has a [vantage] section')
    .addArgument(new Argument('<on|off>', 'whether it is asked').choices(['on', 'off']))
    .addHelpText('after', '\nExample:\n  mirror-master mirror vantage hub1.example.org on');
  return withCommonOptions(command).action(
    async (name: string, word: 'on' | 'off', options: CommonOptions) => {
      const path = apiPath('mirrors', name, 'vantage');
      const answer = await createClient(options).post(path, { asked: word === 'on' }, answerSchema);
      if (options.json === true) return sayJson(answer);
      say(
        answer.asked
          ? `${answer.mirror} is asked to look at the other mirrors.`
          : `${answer.mirror} is not asked any more; what it saw counts for nothing.`,
      );
    },
  );
}
