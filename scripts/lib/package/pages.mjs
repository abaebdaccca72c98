// pages.mjs APP NAME DATE DEST: the manual page and the completions of bash, zsh and fish for a
// command, made of the very commands that the built program in folder APP parses its words with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bash } from './completion-bash.mjs';
import { fish } from './completion-fish.mjs';
import { zsh } from './completion-zsh.mjs';
import { manual } from './manual.mjs';
import { outline } from './outline.mjs';

const [app, name, date, dest] = process.argv.slice(2);
const commands = await outline(app, name);
mkdirSync(dest, { recursive: true });
writeFileSync(join(dest, `${name}.1`), manual(name, commands, date));
writeFileSync(join(dest, `${name}.bash`), bash(name, commands));
writeFileSync(join(dest, `${name}.zsh`), zsh(name, commands));
writeFileSync(join(dest, `${name}.fish`), fish(name, commands));
