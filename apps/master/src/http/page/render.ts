import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';

/** apps/master/pages, from src/http/page as from dist/http/page. */
export const PAGES = fileURLToPath(new URL('../../../pages/', import.meta.url));

/** What the frame around every page shows. */
export interface Frame {
  network: string;
  title: string;
  /** The stream of events that the page follows. */
  live?: string;
  /** The Atom feed of what the page is about. */
  feed?: string;
  /** For the links on top. */
  archives: readonly string[];
}

const eta = new Eta({ views: PAGES, autoEscape: true, autoTrim: ['nl', false], cache: true });

/**
 * A page as HTML. Every text in the model is escaped: `<%= %>` does, and only the frame takes the
 * finished page unescaped.
 */
export function renderPage(name: string, model: object, frame: Frame): string {
  const body = eta.render(name, model);
  return eta.render('frame', { ...frame, body });
}
