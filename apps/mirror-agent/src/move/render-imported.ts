import type { Imported } from './imported.ts';

export interface RenderOptions {
  /** The file that it was made from. */
  from: string;
  network: string;
  state: string;
  allowedSigners: string;
}

/** The annotated mirror-agent.toml of an import. */
export function renderImported(
  { name, trace, archive, leftOut }: Imported,
  options: RenderOptions,
): string {
  const { include, exclude, architectures, upstream_busy: busy, hooks, callback } = archive;
  const lines = [
    `# Made by mirror-agent import ftpsync from ${oneLine(options.from)}.`,
    '# config/mirror-agent.toml explains every key.',
    `name = ${quoted(name)} # MIRRORNAME`,
    `network = ${quoted(options.network)}`,
    `state = ${quoted(options.state)}`,
    `allowed_signers = ${quoted(options.allowedSigners)}`,
    '',
    '# The INFO_ settings: what the trace file says about this mirror.',
    '[trace]',
    ...Object.entries(trace).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key} = ${quoted(oneLine(value).slice(0, 200))}`],
    ),
    '',
    '# Who may push: one for each key that runs ftpsync in ~/.ssh/authorized_keys. There, the command',
    '# becomes "mirror-agent receive --peer NAME". Until then the agent asks its upstream by itself.',
    '# [[peer]]',
    '# name = "upstream.example.org"',
    '# key = "ssh-ed25519 AAAA..."',
    '',
    '[[archive]]',
    `name = ${quoted(archive.name)}`,
    `to = ${quoted(archive.to)} # TO`,
    `upstream = ${quoted(archive.upstream)} # RSYNC_HOST, RSYNC_PATH, RSYNC_USER`,
    ...(archive.password_file === undefined
      ? []
      : [`password_file = ${quoted(archive.password_file)} # RSYNC_PASSWORD`]),
    ...(archive.bandwidth_limit === undefined
      ? []
      : [`bandwidth_limit = ${archive.bandwidth_limit} # RSYNC_BW`]),
    ...(archive.max_delete === undefined
      ? []
      : [`max_delete = ${archive.max_delete} # --max-delete of RSYNC_OPTIONS2`]),
    ...(include.length === 0 ? [] : [`include = ${list(include)} # EXCLUDE`]),
    ...(exclude.length === 0 ? [] : [`exclude = ${list(exclude)} # EXCLUDE`]),
    ...(architectures.include.length === 0
      ? []
      : [`architectures.include = ${list(architectures.include)} # ARCH_INCLUDE`]),
    ...(architectures.exclude.length === 0
      ? []
      : [`architectures.exclude = ${list(architectures.exclude)} # ARCH_EXCLUDE`]),
    `upstream_busy = { wait = ${quoted(busy.wait)}, retries = ${busy.retries} } # UIPSLEEP, UIPRETRIES`,
    ...Object.entries(hooks).map(
      ([hook, argv]) => `hooks.${hook} = ${list(argv)} # ${hook.toUpperCase()}`,
    ),
    ...(callback === undefined
      ? []
      : [
          `callback.host = ${quoted(callback.host)} # CALLBACKHOST`,
          `callback.user = ${quoted(callback.user)} # CALLBACKUSER`,
          `callback.key = ${quoted(callback.key)} # CALLBACKKEY`,
        ]),
  ];
  if (leftOut.length > 0) {
    lines.push('', '# Left out:');
    for (const { line, what, why } of leftOut) {
      lines.push(`# line ${line}: ${oneLine(what)}: ${oneLine(why)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function list(words: readonly string[]): string {
  return `[${words.map(quoted).join(', ')}]`;
}

/** JSON's escapes are a part of those of TOML's basic strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
