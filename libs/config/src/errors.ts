/** Why a configuration file cannot be used. */
export type ConfigErrorCode =
  | 'config-missing'
  | 'config-unreadable'
  | 'config-syntax'
  | 'config-invalid';

/** One mistake: where in the file, as `archive[0].max_delete`, and what was expected there. */
export interface ConfigProblem {
  path: string;
  message: string;
}

/** The one error class of this package. Its message lists every problem, one a line. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(
    readonly code: ConfigErrorCode,
    message: string,
    readonly problems: readonly ConfigProblem[] = [],
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
