import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Debian's Chromium; scripts/test installs it. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) =>
  existsSync(path),
);

const FLAGS = [
  '--no-sandbox', // Tests run as root; the pages are our own.
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('Chromium is needed: apt-get install chromium');
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page that notes everything that must not happen: `trouble`. It may ask `url` and nobody else. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; trouble: string[]; close(): Promise<void> }> {
  const { origin } = new URL(url);
  const context = await browser.newContext({ baseURL: origin, ...options });
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') trouble.push(`console: ${message.text()}`);
  });
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) trouble.push(`request to ${request.url()}`);
  });
  return { page, trouble, close: () => context.close() };
}

/** How much wider than the window the page is, in pixels; 0 is right. */
export function tooWide(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

/**
 * What axe finds serious or worse, as `rule: where`. The same page in other colours need only be
 * asked for its colours.
 */
export async function axeFindings(page: Page, rules: 'all' | 'colours' = 'all'): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(source);
  const only = rules === 'all' ? '{}' : '{ runOnly: ["color-contrast", "link-in-text-block"] }';
  return page.evaluate<string[]>(`axe.run(${only}).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`);
}
