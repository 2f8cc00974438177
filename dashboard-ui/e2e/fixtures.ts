// SPDX-License-Identifier: BSL-1.0
import { expect, test as base } from '@playwright/test';
import { buildPage, type PageFile } from '../build.mjs';
import { FakeDashboard } from './fake-dashboard.ts';

export { expect };

/** The initial time of the page's clock, which tests advance. */
const start = new Date('2025-03-09T12:05:06Z');

/** Fails a test on script errors and on violations of the content security policy. */
export const test = base.extend<{ dashboard: FakeDashboard }, { files: PageFile[] }>({
  files: [
    async ({}, use) => {
      await use(await buildPage());
    },
    { scope: 'worker' },
  ],
  dashboard: async ({ files }, use) => {
    const dashboard = new FakeDashboard(files);
    await dashboard.start();
    await use(dashboard);
    await dashboard.stop();
  },
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) errors.push(message.text());
    });
    // Disables jitter.
    await page.addInitScript(() => (Math.random = () => 0));
    await page.clock.install({ time: start });
    await page.clock.pauseAt(new Date(start.getTime() + 1_000));
    await use(page);
    expect(errors).toEqual([]);
  },
});
