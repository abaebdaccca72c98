/** A mirror, as far as runmirrors must know it. */
export interface Pushed {
  name: string;
  kind: 'agent' | 'ftpsync';
  ssh: { host: string; port: number; user: string };
  hostKey: string;
  push: 'all' | 'staged' | 'mhop';
  /** Its own name of the archive. */
  stockName: string;
}

export interface RunmirrorsFiles {
  conf: string;
  mirror: string;
  knownHosts: string;
}

/**
 * What the stock runmirrors needs to push the same mirrors for one archive. It tells all of them one
 * name of the archive, unless their line is a URL, which has no port.
 *
 * @param paths of the key, and of the folder that the files go to.
 */
export function toRunmirrors(
  mirrors: readonly Pushed[],
  paths: { key: string; knownHosts: string },
): RunmirrorsFiles & { leftOut: string[] } {
  const archive = mostCommon(mirrors.map(({ stockName }) => stockName));
  const leftOut: string[] = [];
  const lines = mirrors.flatMap(({ name, ssh, push, stockName }) => {
    const { host, port, user } = ssh;
    if (stockName === archive) {
      return [`${push} ${name} ${host} ${user}${port === 22 ? '' : ` -p ${port}`}`];
    }
    if (port === 22 && stockName !== '') {
      return [`${push} ${name} ssh+ftpsync://${user}@${host}/${stockName}`];
    }
    leftOut.push(`${name}: runmirrors cannot tell it another archive than the others`);
    return [];
  });
  const conf = [
    '# Made by mirror-master export runmirrors.',
    `KEYFILE=${quoted(paths.key)}`,
    `PUSHARCHIVE=${quoted(archive)}`,
    `SSH_OPTS=${quoted(`-o StrictHostKeyChecking=yes -o UserKnownHostsFile=${paths.knownHosts}`)}`,
  ];
  const known = mirrors.map(({ ssh, hostKey }) => {
    const name = ssh.port === 22 ? ssh.host : `[${ssh.host}]:${ssh.port}`;
    return `${name} ${hostKey}`;
  });
  return { conf: text(conf), mirror: text(lines), knownHosts: text(known), leftOut };
}

function mostCommon(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

/** As one word of the shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
