/** Whether rsync, ssh and a shell would all read a text as one word that means itself. */
export function isPlainWord(text: string): boolean {
  return /^[A-Za-z0-9_@+=:,./-]+$/.test(text);
}
