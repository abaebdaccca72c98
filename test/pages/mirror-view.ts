import type { Page } from 'playwright-core';

/** What stands on a mirror's page, as a reader has it; lines of charts as the values that they show. */
export interface MirrorView {
  /** Terms with what stands beside them, in the part of the page that a heading begins. */
  details: Record<string, string>;
  figures: { title: string; value: string; means: string }[];
  trace: Record<string, string>;
  traceLink: string | null;
  endpoints: string[][];
  errors: { reason: string; archive: string; count: string; last: string }[];
  days: { label: string; blocks: { tone: string; title: string }[] };
  charts: { label: string; lines: { name: string; points: [x: number, value: number][] }[] }[];
  downstreams: string[];
}

export function viewMirror(page: Page): Promise<MirrorView> {
  return page.evaluate<MirrorView>(READ);
}

/** The charts of any page. */
export function viewCharts(page: Page): Promise<MirrorView['charts']> {
  return page.evaluate<MirrorView['charts']>(`(() => {${CHARTS}; return charts(); })()`);
}

/** A chart's own axis says what its lines mean: the heights of its ticks, in milliseconds. */
const CHARTS = `
  const text = (one) => one?.textContent.replace(/\\s+/g, ' ').trim() ?? '';
  const all = (query, of = document) => [...of.querySelectorAll(query)];
  const UNITS = { ms: 1, s: 1000, min: 60000, h: 3600000, d: 86400000 };
  const inMs = (words) => words === '0' ? 0 : parseFloat(words) * UNITS[words.split(/\\s/)[1]];
  const linesOf = (figure) => {
    const ticks = all('line.grid', figure).map((line) => [Number(line.getAttribute('y1')), inMs(text(line.nextElementSibling))]);
    const [[y0, v0], [y1, v1]] = [ticks[0], ticks.at(-1)];
    const names = all('.key', figure).map(text);
    return all('path.line', figure).map((path, index) => ({
      name: names[index],
      points: path.getAttribute('d').split(/[ML]/).slice(1).map((pair) => pair.split(',').map(Number))
        .map(([x, y]) => [x, v0 + (y - y0) * (v1 - v0) / (y1 - y0)]),
    }));
  };
  const charts = () => all('figure.chart').map((one) => ({
    label: one.querySelector('svg').getAttribute('aria-label'),
    lines: linesOf(one),
  }));
`;

const READ = `(() => {${CHARTS}
  const terms = (dl) => Object.fromEntries(all('dt', dl).map((dt) => [text(dt), text(dt.nextElementSibling)]));
  const h2 = (id) => document.getElementById(id)?.parentElement;
  return {
    details: terms(h2('details').querySelector('dl')),
    figures: all('dl.figures:not(.trace) > div').map((one) => ({
      title: text(one.querySelector('dt')),
      value: text(one.querySelector('strong')),
      means: text(one.querySelector('details')).replace(/^what this is ?/, ''),
    })),
    trace: terms(document.querySelector('dl.trace')),
    traceLink: all('#standing a').find((one) => one.href.includes('/project/trace/'))?.href ?? null,
    endpoints: all('table.endpoints tbody tr').map((row) => all('th, td', row).map(text)),
    errors: all('table.errors tbody tr').map((row) => {
      const [reason, archive, count] = all('td', row).map(text);
      return { reason, archive, count, last: row.querySelector('time').dateTime };
    }),
    days: {
      label: document.querySelector('svg.days').getAttribute('aria-label'),
      blocks: all('svg.days rect').map((one) => ({ tone: one.getAttribute('class'), title: text(one) })),
    },
    charts: charts(),
    downstreams: all('ul.names a').map(text),
  };
})()`;
