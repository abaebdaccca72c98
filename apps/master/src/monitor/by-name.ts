/** How names of mirrors are sorted: mirror2 before mirror10. */
export const byName = new Intl.Collator('en', { numeric: true }).compare;
