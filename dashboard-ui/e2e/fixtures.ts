import { expect, test as base } from '@playwright/test';
import { buildPage, type PageFile } from '../build.mjs';
import { FakeDashboard } from './fake-dashboard.ts';

export { expect };

/** The moment at which the page's clock stands still until a test moves it. */
const start = new Date('2025-03-09T12:05:06Z');

/** Every page of these tests must run without a script error and within its content security policy. */
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
    await dashboard.leave();
  },
  page: async ({ page }, use) => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    // The pauses between attempts keep their full length.
    await page.addInitScript(() => (Math.random = () => 0));
    await page.clock.install({ time: start });
    await page.clock.pauseAt(new Date(start.getTime() + 1_000));
    await use(page);
    expect(faults).toEqual([]);
  },
});
