import type { Tone } from './page/row.ts';

const COLOURS: Record<Tone, string> = {
  good: '#1f7a44',
  moving: '#1d5a96',
  bad: '#a32117',
  quiet: '#59626b',
};
/** Verdana's mean width at 11 px: texts are stretched to it, whatever font there is. */
const LETTER = 6.6;
const PADDING = 10;

/** A small picture with two words, for other people's pages: `debian | up to date`. */
export function badge(left: string, right: string, tone: Tone): string {
  const [a, b] = [cut(left), cut(right)];
  const [wide, rest] = [widthOf(a), widthOf(b)];
  const total = wide + rest;
  const word = (text: string, x: number, width: number) =>
    `<text x="${x + width / 2}" y="14" textLength="${width - PADDING}" lengthAdjust="spacingAndGlyphs">${escape(text)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="20" role="img" aria-label="${escape(`${a}: ${b}`)}"><title>${escape(`${a}: ${b}`)}</title><rect width="${total}" height="20" rx="3" fill="#3c444b"/><path d="M${wide} 0h${rest - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-${rest - 3}z" fill="${COLOURS[tone]}"/><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${word(a, 0, wide)}${word(b, wide, rest)}</g></svg>\n`;
}

function cut(text: string): string {
  const letters = Array.from(text);
  return letters.length <= 40 ? text : `${letters.slice(0, 39).join('')}…`;
}

function widthOf(text: string): number {
  return Math.round(Array.from(text).length * LETTER + PADDING);
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ');
}
