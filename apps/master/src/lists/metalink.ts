import type { RepomdRow } from '../db/list-schema.ts';
import type { Offered } from './choose.ts';

/**
 * A metalink (version 3, as dnf and MirrorManager have it) of one repository's repomd.xml: its size
 * and digests, those of older ones that some mirrors may still serve, and where it can be had.
 *
 * @param repomds newest first, at least one.
 */
export function metalink(
  repomds: readonly [RepomdRow, ...RepomdRow[]],
  mirrors: readonly Offered[],
): string {
  const [current, ...older] = repomds;
  const folder = current.repository === '' ? '' : `${current.repository}/`;
  const alternates = older.filter(({ sha256 }) => sha256 !== current.sha256);
  const urls = mirrors.map(({ url, country }, index) => {
    const at = new URL(`${folder}repodata/repomd.xml`, url).href;
    const where = country === null ? '' : ` location="${escape(country)}"`;
    const scheme = at.startsWith('https:') ? 'https' : 'http';
    return `    <url protocol="${scheme}" type="${scheme}"${where} preference="${Math.max(1, 100 - index)}">${escape(at)}</url>\n`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" generator="pushmirror" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files>
  <file name="repomd.xml">
${factsOf(current, '   ')}${alternates.length === 0 ? '' : `   <mm0:alternates>\n${alternates.map((one) => `    <mm0:alternate>\n${factsOf(one, '     ')}    </mm0:alternate>\n`).join('')}   </mm0:alternates>\n`}   <resources maxconnections="1">
${urls.join('')}   </resources>
  </file>
 </files>
</metalink>
`;
}

function factsOf({ bytes, modified, sha256, sha512 }: RepomdRow, indent: string): string {
  return `${indent}<mm0:timestamp>${modified}</mm0:timestamp>
${indent}<size>${bytes}</size>
${indent}<verification>
${indent} <hash type="sha256">${sha256}</hash>
${indent} <hash type="sha512">${sha512}</hash>
${indent}</verification>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
