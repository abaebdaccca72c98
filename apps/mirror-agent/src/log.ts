import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * JSON lines on stderr. The fields that say what a line is about are always `archive`, `serial`,
 * `mirror`, `stage` and `attempt`; `mirror` is this one unless it says another.
 */
export function createLog(mirror: string): Logger {
  const secrets = ['token', 'key', 'password', 'authorization', 'command'];
  return pino(
    {
      base: null,
      mixin: () => ({ mirror }),
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
