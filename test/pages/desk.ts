import type { Page } from 'playwright-core';

/** Log in as a person would; the page is at the desk then. */
export async function logIn(page: Page, token: string): Promise<void> {
  await page.goto('/desk');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}
