/**
 * What a stranger wrote about themselves, fit to be shown: control characters, line ends and marks
 * that turn the direction of writing are taken out, blanks are single, and nothing is longer than it
 * should be.
 */
export function plainText(text: string, longest = 200): string {
  const plain = text
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029\s]+/gu, ' ')
    .trim();
  return Array.from(plain).slice(0, longest).join('');
}
