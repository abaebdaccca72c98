import { parse, stringify, type TomlTable } from 'smol-toml';
import { fencedBlocks, type Block } from './markdown.ts';
import { differsFrom } from './shape.ts';
import type { Host, World } from './world.ts';

export interface Ran {
  /** Of the fence. */
  line: number;
  host: string;
  text: string;
}

export interface DocumentOptions {
  name: string;
  world: World;
  /** On which it is, where a block does not say. */
  host: string;
  /** What was printed so far, in this document and before. */
  said: string[];
  /** What the reader gets from elsewhere: words of the document, and what stands there in truth. */
  given: Record<string, () => Promise<string>>;
}

/**
 * Do what a document says, in its order. Its fenced blocks:
 *
 *     sh [host=H] [exit=N]    commands: they are run, and end with 0
 *     text                    what the block before printed, by its shape
 *     toml file=F [host=H]    settings: they are set in this file
 *     ANY file=F [host=H]     a file: it is written
 *     text shown              a picture of something else
 *
 * What others have given stands for itself: `pmi_...` is the newest invitation that was printed.
 *
 * @throws Error naming the first line that is not true
 */
export async function runDocument(markdown: string, o: DocumentOptions): Promise<Ran[]> {
  const ran: Ran[] = [];
  let printed: string | undefined;
  for (const block of fencedBlocks(markdown)) {
    const host = o.world.host(block.notes['host'] ?? o.host);
    const wrong = (what: string) => new Error(`${o.name}:${block.line}: ${what}`);
    const { file } = block.notes;
    if (file !== undefined) await writeAs(host, file, await fill(block.text, o), block.language);
    else if (block.language === 'sh') {
      const text = await fill(block.text, o);
      const result = await host.run(`exec 2>&1\nset -eo pipefail\n${text}`, 180_000);
      printed = result.stdout;
      o.said.push(printed);
      ran.push({ line: block.line, host: host.name, text });
      if (result.code !== Number(block.notes['exit'] ?? 0)) {
        throw wrong(
          `ended with ${result.code ?? result.signal} on ${host.name}:\n${text}\n${printed}`,
        );
      }
    } else if (block.language === 'text' && !('shown' in block.notes)) {
      if (printed === undefined) throw wrong('shows output, but of no command');
      const other = differsFrom(block.text, printed);
      if (other !== undefined) throw wrong(`"${other}" was not printed, but:\n${printed}`);
      printed = undefined;
    } else if (!isShown(block))
      throw wrong(`what is this block? It is neither run nor written: ${block.language}`);
  }
  return ran;
}

/** Blocks that only show something say so. */
function isShown(block: Block): boolean {
  return 'shown' in block.notes;
}

/** `pmi_...`, `pmt_...`, `SHA256:...`: the last that was printed. An invitation counts once. */
async function fill(text: string, { said, given }: DocumentOptions): Promise<string> {
  let whole = text;
  for (const [word, real] of Object.entries(given))
    if (whole.includes(word)) whole = whole.replaceAll(word, await real());
  return whole.replaceAll(/\b(pmi_|pmt_|SHA256:)(?:\.\.\.|…)/g, (found, prefix: string) => {
    const all = said.join('\n').match(new RegExp(`${prefix}[\\w+/=-]{10,}`, 'g'));
    const last = all?.at(-1);
    if (last === undefined) return found;
    if (prefix === 'pmi_')
      said.splice(0, said.length, ...said.map((one) => one.replaceAll(last, '')));
    return last;
  });
}

async function writeAs(host: Host, file: string, text: string, language: string): Promise<void> {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const there = await host.run(`cat ${quoted(file)}`);
  const whole = language === 'toml' && there.code === 0 ? withSettings(there.stdout, text) : text;
  const folder = file.replace(/\/[^/]*$/, '');
  const { code, stderr } = await host.run(
    `mkdir -p ${quoted(folder)} && printf %s ${quoted(whole)} >${quoted(file)}`,
  );
  if (code !== 0) throw new Error(`${file} on ${host.name} could not be written: ${stderr}`);
}

/** As an editor would: settings that are there get another value, lists of tables grow. */
function withSettings(before: string, change: string): string {
  const merge = (old: TomlTable, more: TomlTable): TomlTable => {
    const result = { ...old };
    for (const [key, value] of Object.entries(more)) {
      const was = result[key];
      if (Array.isArray(was) && Array.isArray(value) && was.every(isTable))
        result[key] = [...was, ...value];
      else result[key] = isTable(was) && isTable(value) ? merge(was, value) : value;
    }
    return result;
  };
  return `${stringify(merge(parse(before), parse(change)))}\n`;
}

function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
