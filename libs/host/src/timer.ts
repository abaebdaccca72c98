/** Milliseconds, 24.8 days: `setTimeout` takes more for none at all, and fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
