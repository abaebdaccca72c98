import { isArchiveName, isHost, isMirrorName, isUser } from '@pushmirror/acl';
import { wordsOf } from '@pushmirror/config';

/** A line that has no counterpart here. */
export interface LeftOut {
  line: number;
  what: string;
  why: string;
}

/** A mirror that runmirrors pushes. */
export interface StockLine {
  line: number;
  name: string;
  /** Its short name in the file. */
  short: string;
  ssh: { host: string; port: number; user: string };
  push: 'all' | 'staged' | 'mhop';
  /** The mirror's own name of the archive; "" is its main one. */
  stockName: string;
}

const WORDS = new Set(['all', 'staged', 'mhop', 'DELAY']);
/** runmirrors' own form of a URL (runmirrors, REGEX_URL). */
const URL_FORM = /^([a-z.+]+):\/\/(?:([^@/]+)@)?([^/]+)(?:\/(.*))?$/;

/**
 * Read a runmirrors.mirror as runmirrors does: `TYPE NAME URL`, `TYPE NAME HOST USER -SSH OPTIONS`,
 * `TYPE NAME HOST USER PROTOCOL KEYFILE`, `DELAY N [stage1]`.
 *
 * @param pushArchive the PUSHARCHIVE of its runmirrors.conf.
 * @returns also how many lines begin with a word of runmirrors; none: it is a file of another kind.
 */
export function fromRunmirrors(
  text: string,
  pushArchive: string,
): { mirrors: StockLine[]; leftOut: LeftOut[]; known: number } {
  const mirrors: StockLine[] = [];
  const leftOut: LeftOut[] = [];
  let known = 0;
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const [type = '', short = '', ...rest] = wordsOf(raw);
    if (type === '' || type.startsWith('#')) return;
    const leave = (why: string, what = raw) => {
      leftOut.push({ line, what: printable(what), why });
      return undefined;
    };
    if (WORDS.has(type)) known += 1;
    if (type === 'DELAY') return leave('slots, waves and switching together stand in its place');
    if (type !== 'all' && type !== 'staged' && type !== 'mhop') {
      return leave('runmirrors knows all, staged and mhop, and pushes nobody by another word');
    }
    const place = placeIn(rest, pushArchive, leave);
    if (place === undefined) return;
    const name = place.ssh.host.toLowerCase();
    if (!isHost(place.ssh.host) || !isMirrorName(name)) {
      return leave('its host is no host name, which is the name that a mirror has here');
    }
    if (!isUser(place.ssh.user)) return leave('its user is no plain user name');
    if (place.stockName !== '' && !isArchiveName(place.stockName)) {
      return leave('its archive is no plain name');
    }
    mirrors.push({ line, name, short, push: type, ...place });
  });
  return { mirrors, leftOut, known };
}

type Leave = (why: string, what?: string) => undefined;
type Place = Pick<StockLine, 'ssh' | 'stockName'>;

function placeIn(rest: readonly string[], archive: string, leave: Leave): Place | undefined {
  const [host = '', user = '', ...options] = rest;
  const url = URL_FORM.exec(host);
  if (url !== null) {
    const [, scheme, urlUser = '', urlHost = '', path = ''] = url;
    if (scheme !== 'ssh+ftpsync') return leave('runmirrors knows only ssh+ftpsync:// URLs');
    const stockName = path === '' ? archive : path;
    return { ssh: { host: urlHost, port: 22, user: urlUser }, stockName };
  }
  const ssh = { host, user, port: 22 };
  const [first = '', second] = options;
  if (first === '1' || first === '2') {
    if (second !== undefined) leave('the master has one push key for all', `key file ${second}`);
  } else if (first.startsWith('-')) {
    const port = portIn(options, leave);
    if (port === undefined) return undefined;
    ssh.port = port;
  } else if (first !== '') {
    return leave('what follows the user is neither a protocol nor an ssh option');
  }
  return { ssh, stockName: archive };
}

/** Of ssh's options the port counts; host keys are pinned, and the key is the master's. */
function portIn(options: readonly string[], leave: Leave): number | undefined {
  let port = 22;
  for (let i = 0; i < options.length; i += 1) {
    let option = options[i] ?? '';
    if (/^-[pio]$/.test(option)) option += options[(i += 1)] ?? '';
    const [, number] = /^-(?:p|o[Pp]ort[= ]?)(\d{1,5})$/.exec(option) ?? [];
    if (number !== undefined) port = Number(number);
    else if (option.startsWith('-i')) leave('the master has one push key for all', option);
    else leave('this option of ssh has no counterpart', option);
  }
  if (port >= 1 && port <= 65535) return port;
  return leave('its port is no port');
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 160);
}
