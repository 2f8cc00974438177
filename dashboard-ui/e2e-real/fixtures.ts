// SPDX-License-Identifier: BSL-1.0
import { expect, test as base, type Page } from '@playwright/test';
import { Stack } from './programs.ts';

export { expect };

/** Fails a test on script errors and on violations of the content security policy. */
export const test = base.extend<{ stack: Stack }>({
  stack: async ({}, use) => {
    const stack = await Stack.start();
    await use(stack);
    await stack.stop();
  },
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) errors.push(message.text());
    });
    await use(page);
    expect(errors).toEqual([]);
  },
});

export const badge = (page: Page, name: string) => page.getByRole('region', { name }).locator('.badge');
