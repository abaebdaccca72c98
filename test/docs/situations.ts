import { fencedBlocks } from './markdown.ts';

/** What to do in a situation that a document names, and the situation itself. */
export interface Situation {
  /** Bring it about. */
  before: Step[];
  /** That the document's answer was the right one. */
  after: Step[];
  /** The answer's exit code where it is not 0. */
  exit?: number;
}

/** A host, and a shell text that must end with 0 there. */
export type Step = readonly [host: string, text: string];

/** The rows of the first table of a document: the situation, and what to do. */
export function firstTable(markdown: string): { what: string; answer: string }[] {
  const lines = markdown.split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'));
  return lines
    .slice(first + 2, first + length)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, what = '', answer = '']) => ({ what, answer }));
}

/** The command that an answer says: itself, or the first one below the heading that it leads to. */
export function commandOf(answer: string, markdown: string): string | undefined {
  const said = /`(mirror-master [^`]+)`/.exec(answer)?.[1];
  if (said !== undefined) return said;
  const anchor = /\(#([a-z-]+)\)/.exec(answer)?.[1];
  return fencedBlocks(markdown).find(
    ({ language, headings }) =>
      language === 'sh' && headings.at(-1)?.toLowerCase().replaceAll(' ', '-') === anchor,
  )?.text;
}

/** What the texts below may call. */
export const words = `
eventually() { for _ in $(seq 150); do "$@" && return; sleep 0.4; done; echo "never: $*"; return 1; }
never() { for _ in $(seq 10); do ! "$@" || { echo "too early: $*"; return 1; }; sleep 0.4; done; }
change() { date +%s%N >/srv/mirrors/debian/dists/stable/$1; }
shows() { test -e /srv/mirrors/debian/dists/stable/$1; }
lacks() { ! shows $1; }
push_is() {
  mirror-master rollout show debian --json | node -e '
    const { pushes } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    process.exit(pushes.find(({ mirror }) => mirror === process.argv[1])?.state === process.argv[2] ? 0 : 1);
  ' $1 $2
}
`;

const master = 'ftp.example.org';
const hub = 'hub1.example.org';
/** It gets each release first, by the policy of docs/release-managers.md. */
const canary = 'leaf1.example.org';

/** For the table of docs/release-managers.md, in its order; each goes on where the one before ended. */
export const situations: Record<string, Situation> = {
  'a release is bad': {
    before: [
      [master, 'change broken; mirror-master publish debian'],
      [canary, 'eventually shows broken'],
    ],
    after: [
      [hub, 'never shows broken'],
      [master, 'rm /srv/mirrors/debian/dists/stable/broken; mirror-master publish debian'],
      [canary, 'eventually lacks broken'],
    ],
  },
  'a security fix must be everywhere now': {
    before: [
      [master, 'change fix'],
      [hub, 'lacks fix'],
    ],
    after: [
      [hub, 'eventually shows fix'],
      [canary, 'eventually shows fix'],
    ],
  },
  'it is held, and the reason is not one': {
    before: [
      [master, 'change fine; mirror-master publish debian'],
      [canary, 'eventually shows fine'],
      [master, 'mirror-master rollout halt debian --reason "it looked broken"'],
      [hub, 'never shows fine'],
    ],
    after: [[hub, 'eventually shows fine']],
  },
  'a mirror has refused, or was not reached': {
    before: [
      [hub, 'systemctl stop mirror-agent'],
      [master, 'change missed; mirror-master publish debian --urgent'],
      [master, `eventually push_is ${hub} unreachable`],
      [hub, 'systemctl start mirror-agent'],
    ],
    after: [
      [master, `eventually push_is ${hub} committed`],
      [hub, 'shows missed'],
    ],
  },
  'a mirror serves something wrong': {
    before: [[hub, 'cd /srv/mirrors/debian/pool/main/h/hello && echo wrong >hello_1_amd64.deb']],
    after: [
      [master, 'change after; mirror-master publish debian --urgent'],
      [canary, 'eventually shows after'],
      [hub, 'never shows after'],
      [hub, 'mirror-agent verify debian --repair || mirror-agent verify debian'],
      [master, `mirror-master mirror resume ${hub}; mirror-master publish debian --urgent`],
      [hub, 'eventually shows after'],
    ],
  },
  'publish refuses: "drops 45000 files, …"': {
    before: [
      [master, `${limit(5)}; cd /srv/mirrors/debian/dists && mkdir old && touch old/{0..9}`],
      [master, 'mirror-master publish debian --urgent; rm -r /srv/mirrors/debian/dists/old'],
      [master, '{ mirror-master publish debian 2>&1 || true; } | grep "drops 11 files"'],
    ],
    after: [
      [canary, 'eventually test ! -e /srv/mirrors/debian/dists/old'],
      [master, limit(40_000)],
    ],
  },
  "something is odd on the master's host": {
    before: [[master, 'chmod 644 /etc/pushmirror/signing_key']],
    exit: 1,
    after: [
      [master, 'mirror-master doctor | grep -A2 signing_key'],
      [master, 'chmod 600 /etc/pushmirror/signing_key; mirror-master doctor'],
    ],
  },
};

/** As if the archive had been added with `--delete-limit`. */
function limit(files: number): string {
  return `runuser -u pushmirror -- node -e '
    const Database = require("/opt/pushmirror/node_modules/better-sqlite3");
    const db = new Database("/var/lib/pushmirror-master/master.sqlite", { fileMustExist: true });
    db.prepare("update archive set delete_limit = ?").run(${files});
  '`;
}
