const LONGEST_VALUE = 1024;

/**
 * One line of plain text, of whatever came from outside or from a configuration: control characters
 * and line breaks become blanks, marks that turn the direction of writing go, and it ends somewhere.
 */
export function clean(text: string): string {
  return text
    .slice(0, LONGEST_VALUE)
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
}
