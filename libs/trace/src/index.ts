export { formatTrace } from './format.ts';
export {
  formatHierarchy,
  formatTraceList,
  joinHierarchy,
  parseHierarchy,
  parseTraceList,
  type HierarchyLine,
} from './hierarchy.ts';
export { parseTrace } from './parse.ts';
export type { ArchitecturesConfiguration, TraceFile } from './trace.ts';
