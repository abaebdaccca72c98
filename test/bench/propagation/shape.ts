/** Which mirror pulls from which. */
export interface Shape {
  hubs: string[];
  leaves: string[];
  /** Undefined for what pulls from the master. */
  upstreamOf(mirror: string): string | undefined;
}

/** The names that the harness's networks give: `hub1`, and below it `leaf1-1`, `leaf1-2`... */
export function shapeOf(hubs: number, leavesPerHub: number): Shape {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const leafNames = (hub: number) => numbers(leavesPerHub).map((leaf) => `leaf${hub}-${leaf}`);
  return {
    hubs: numbers(hubs).map((hub) => `hub${hub}`),
    leaves: numbers(hubs).flatMap(leafNames),
    upstreamOf: (mirror) => {
      const [, hub] = /^leaf(\d+)-/.exec(mirror) ?? [];
      return hub === undefined ? undefined : `hub${hub}`;
    },
  };
}
