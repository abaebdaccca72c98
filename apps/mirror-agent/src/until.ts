/**
 * Resolves when `work` has ended or the signal aborts, whichever is first; rejects when `work` does.
 * Nothing of the wait stays on the signal, which may live as long as the agent.
 */
export async function until(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
