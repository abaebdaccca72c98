import { Command } from 'commander';
import { addCommand, importCommand, removeCommand } from './acl-change.ts';
import { checkCommand, renderCommand } from './acl-installed.ts';
import { explainCommand, exportCommand, listCommand } from './acl-show.ts';

/** `mirror-master acl list|add|remove|explain|import|export|render|check` */
export function aclCommand(): Command {
  return new Command('acl')
    .description('who may pull what from where, and who is sent its news')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(removeCommand())
    .addCommand(explainCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(renderCommand())
    .addCommand(checkCommand());
}
