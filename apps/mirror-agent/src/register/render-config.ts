import type { Answers } from './answers.ts';
import type { SetUp } from './master-door.ts';
import type { Places } from './places.ts';

/** The mirror-agent.toml of a mirror that was approved. */
export function renderConfig(answers: Answers, given: SetUp, places: Places): string {
  const lines = [
    '# Made by mirror-agent register. config/mirror-agent.toml explains every key.',
    `name = ${quoted(given.name)}`,
    `network = ${quoted(given.network)}`,
    `state = ${quoted(places.state)}`,
    `allowed_signers = ${quoted(places.allowedSigners)}`,
    ...(answers.rsyncListen === undefined ? [] : [`push_key = ${quoted(places.pushKey)}`]),
    '',
    '[master]',
    `url = ${quoted(given.url)}`,
    `token_file = ${quoted(places.token)}`,
    'follow_tree = true',
    '',
    '[trace]',
    `host = ${quoted(answers.name)}`,
    `maintainer = ${quoted(answers.contact)}`,
    ...(answers.sponsor === undefined ? [] : [`sponsor = ${quoted(answers.sponsor)}`]),
    ...(answers.country === undefined ? [] : [`country = ${quoted(answers.country)}`]),
    ...listener('ssh_server', answers.sshListen, [`host_key = ${quoted(places.hostKey)}`]),
    ...listener('rsyncd', answers.rsyncListen, []),
  ];
  for (const { name, pushKey } of given.sources) {
    if (pushKey === null) continue;
    lines.push('', '[[peer]]', `name = ${quoted(name)}`, `key = ${quoted(pushKey)}`);
  }
  for (const { name, profile } of given.archives) {
    const to = answers.archives.find((archive) => archive.name === name)?.to;
    if (to === undefined) continue; // Opted in to elsewhere; this host was not asked to carry it.
    const urls = given.sources.map(({ rsyncUrl }) => `${rsyncUrl}/${name}`);
    lines.push(
      '',
      '[[archive]]',
      `name = ${quoted(name)}`,
      `to = ${quoted(to)}`,
      `profile = ${quoted(profile)}`,
      `upstream = ${quoted(urls[0] ?? '')}`,
      `fallbacks = [${urls.slice(1, 11).map(quoted).join(', ')}]`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function listener(
  section: string,
  at: { host: string; port: number } | undefined,
  more: readonly string[],
): string[] {
  if (at === undefined) return [];
  return ['', `[${section}]`, `address = ${quoted(at.host)}`, `port = ${at.port}`, ...more];
}

/** JSON's escapes are a part of those of TOML's basic strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
