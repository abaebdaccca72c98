import type { Page } from 'playwright-core';

/** What has the focus. */
export interface Focused {
  /** What a screen reader says of it. */
  name: string;
  /** Its place among all elements of the page; 0 where nothing has the focus. */
  place: number;
  /** Whether one can see that it has the focus. */
  outlined: boolean;
  inView: boolean;
}

export function focused(page: Page): Promise<Focused> {
  return page.evaluate<Focused>(`(() => {
    const it = document.activeElement;
    const box = it.getBoundingClientRect();
    const style = getComputedStyle(it);
    const circle = it.querySelector(':scope > circle');
    const label = it.labels?.[0]?.childNodes[0]?.textContent ?? it.textContent;
    return {
      name: (it.getAttribute('aria-label') ?? label).trim().replace(/\\s+/g, ' '),
      place: it === document.body ? 0 : [...document.querySelectorAll('*')].indexOf(it),
      outlined: circle !== null
        ? getComputedStyle(circle).stroke !== getComputedStyle(document.querySelector('section')).backgroundColor
        : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
      inView: box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth,
    };
  })()`);
}

const MOST_TABS = 400;

/** Press Tab until what is wanted has the focus; returns everything that had it on the way. */
export async function tabTo(page: Page, wanted: (one: Focused) => boolean): Promise<Focused[]> {
  const seen: Focused[] = [];
  for (let times = 0; times < MOST_TABS; times += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    seen.push(now);
    if (wanted(now)) return seen;
  }
  throw new Error(`Tab never came there, but to: ${seen.map(({ name }) => name).join(', ')}`);
}
