import type { AgentConfig, ArchiveConfig } from '../config.ts';
import { parseUpstream } from '../sync/upstream-url.ts';

/**
 * The ftpsync.conf that keeps an archive as the agent does, for the stock script; and what it cannot
 * say.
 */
export function toFtpsync(
  config: Pick<AgentConfig, 'name' | 'trace' | 'push_key'>,
  archive: ArchiveConfig,
  password: string | undefined,
): { text: string; leftOut: string[] } {
  const upstream = parseUpstream(archive.upstream);
  const leftOut: string[] = [];
  const { trace } = config;
  const { architectures } = archive;
  const patterns = [
    ...archive.include.map((pattern) => ({ pattern, option: `--include=${pattern}` })),
    ...archive.exclude.map((pattern) => ({ pattern, option: `--exclude=${pattern}` })),
  ].filter(({ pattern }) => {
    if (!/[\s]/.test(pattern)) return true;
    leftOut.push(`${pattern}: ftpsync cannot take a pattern with a blank`);
    return false;
  });
  const hooks = Object.entries(archive.hooks).flatMap(([hook, argv]) => {
    if (argv === undefined) return [];
    const [program = '', ...rest] = argv;
    if (rest.length === 0 && !/\s/.test(program)) return [[hook.toUpperCase(), program]];
    leftOut.push(`${hook}: ftpsync takes a program without arguments`);
    return [];
  });
  if (archive.fallbacks.length > 0) leftOut.push('fallbacks: ftpsync has one upstream');
  const { callback } = archive;
  if (callback !== undefined && callback.port !== 22) {
    leftOut.push(`callback: ftpsync calls port 22, not ${callback.port}`);
  }
  if (config.push_key !== undefined) {
    leftOut.push('push_key: a hub says HUB=true, and pushes by mirror-master export runmirrors');
  }
  const settings: [string, string | undefined][] = [
    ['MIRRORNAME', config.name],
    ['TO', `${archive.to}/`],
    ['RSYNC_HOST', upstream.host],
    ['RSYNC_PATH', pathOf(archive.upstream)],
    ['RSYNC_USER', upstream.user],
    ['RSYNC_PASSWORD', password],
    ['RSYNC_TRANSPORT', archive.upstream.startsWith('ssh://') ? 'ssh' : undefined],
    ['RSYNC_EXTRA', portOf(archive.upstream)],
    ['INFO_MAINTAINER', trace.maintainer],
    ['INFO_SPONSOR', trace.sponsor],
    ['INFO_COUNTRY', trace.country],
    ['INFO_LOCATION', trace.location],
    ['INFO_THROUGHPUT', trace.throughput],
    ['TRACEHOST', trace.host],
    ['ARCH_INCLUDE', architectures.include.join(' ')],
    ['ARCH_EXCLUDE', architectures.exclude.join(' ')],
    ['EXCLUDE', patterns.map(({ option }) => option).join(' ')],
    ['RSYNC_BW', archive.bandwidth_limit?.toString()],
    ['UIPSLEEP', String(Math.ceil(archive.upstream_busy.wait / 1000))],
    ['UIPRETRIES', String(archive.upstream_busy.retries)],
    ['RSYNC_OPTIONS2', stage2Of(archive.max_delete)],
    ['CALLBACKHOST', callback?.host],
    ['CALLBACKUSER', callback?.user],
    ['CALLBACKKEY', callback?.key],
    ...hooks.map(([name = '', value]): [string, string | undefined] => [name, value]),
  ];
  const lines = settings
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${quoted(value ?? '')}`);
  const text = `# Made by mirror-agent export ftpsync.\n${lines.join('\n')}\n`;
  return { text, leftOut };
}

/** ftpsync's own, but for the number; nothing where that is the same. */
function stage2Of(maxDelete: number): string | undefined {
  if (maxDelete === 40_000) return undefined;
  return `--max-delete=${maxDelete} --delay-updates --delete --delete-delay --delete-excluded`;
}

function pathOf(upstream: string): string {
  return decodeURIComponent(new URL(upstream).pathname.replace(/^\/+/, ''));
}

function portOf(upstream: string): string | undefined {
  const port = /^rsync:\/\/[^/]*:(\d+)\//.exec(upstream)?.[1];
  return port === undefined ? undefined : `--port=${port}`;
}

/** As one word of the shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
