export { ConfigError, type ConfigErrorCode, type ConfigProblem } from './errors.ts';
export { absolutePath, duration, port, size } from './fields.ts';
export { loadConfig, parseConfig } from './load.ts';
export { readShellSettings, wordsOf, type ShellSettings } from './shell-settings.ts';
