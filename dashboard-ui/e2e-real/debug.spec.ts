// SPDX-License-Identifier: BSL-1.0
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test as base } from './fixtures.ts';
import type { Stack } from './programs.ts';

/** In `busyStack`, requests that wait for the weather are always in flight. */
const test = base.extend<{ busyStack: Stack }>({
  busyStack: async ({ stack }, use) => {
    await stack.weather.inject({ latency_ms: 1_500 });
    const timer = setInterval(() => void fetch(`${stack.dashboard.url}/api/aggregate`).catch(() => undefined), 500);
    await use(stack);
    clearInterval(timer);
  },
});

const region = (page: Page, name: string) => page.getByRole('region', { name });

test('the debug page shows the operation that a request awaits, and refreshes automatically', async ({ page, busyStack }) => {
  await page.goto(`${busyStack.dashboard.url}/debug`);
  await expect(page.locator('#headline')).toHaveText(/^\d+ in flight · no problems$/);
  // Detects a reload of the page, which would remove this property.
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  const row = region(page, 'Requests in flight').getByRole('row', { name: /GET \/api\/aggregate/ }).first();
  await expect(row).toContainText(/weatherfirst attempt to 127\.0\.0\.1:\d+: waitfor .*, .* left/);
  await expect(row).toContainText(/ of 30 s/);
  await expect(region(page, 'Tasks').getByRole('listitem').filter({ hasText: /^upstream weather/ }).first()).toContainText('first attempt to');
  await busyStack.weather.inject({ hang_percent: 100 });
  await expect(page.locator('#headline')).toHaveText(/in flight · 127\.0\.0\.1:\d+ failing|breaker open/);
  await expect(page).toHaveTitle(/^[!✕] dashboard-service: debug$/);
  await expect(region(page, 'Upstreams').getByRole('table', { name: 'Addresses' })).toContainText('failing');
  await expect(region(page, 'Failed and slow requests')).toContainText('weather timeout 2');
  expect(await page.evaluate(() => 'isSamePage' in window)).toBe(true);
});

test('updates of the debug page preserve opened details and the focus, and stop during a pause', async ({ page, stack }) => {
  await page.goto(`${stack.dashboard.url}/debug`);
  const taken = page.locator('#taken');
  const expectUpdate = async () => {
    const before = (await taken.textContent()) ?? '';
    await expect(taken).not.toHaveText(before);
  };
  await page.locator('#defaults-summary').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table', { name: 'Default settings' })).toBeVisible();
  await expectUpdate();
  await expect(page.getByRole('table', { name: 'Default settings' })).toBeVisible();
  await expect(page.locator('#defaults-summary')).toBeFocused();
  const pause = page.getByRole('button', { name: 'Pause' });
  await pause.click();
  await expect(page.locator('#updates')).toHaveText('Paused');
  const paused = await taken.textContent();
  await stack.dashboard.kill();
  const missed: string[] = [];
  page.on('request', (request) => missed.push(request.url()));
  // Waits longer than the update interval, because no event indicates a missing update.
  await page.waitForTimeout(2_500);
  expect(missed).toEqual([]);
  await pause.click();
  await expect(page.locator('#updates')).toHaveText(`Not updated since ${paused}: no connection`);
  await stack.dashboard.start();
  await expect(page.locator('#updates')).toHaveText('Updated every 2 s');
});

for (const [name, media, width] of [
  ['light', { colorScheme: 'light' }, 1_280],
  ['dark', { colorScheme: 'dark' }, 1_280],
  ['forced colors', { forcedColors: 'active' }, 1_280],
  ['a narrow window', { colorScheme: 'light' }, 320],
] as const) {
  test(`the debug page has no accessibility findings and fits the window: ${name}`, async ({ page, busyStack }) => {
    test.setTimeout(180_000); // axe checks a long page
    await page.emulateMedia(media);
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${busyStack.dashboard.url}/debug`);
    await expect(region(page, 'Requests in flight')).toContainText('weather');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.locator('#defaults-summary').click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  });
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the debug page reloads automatically', async ({ page, stack }) => {
    await page.goto(`${stack.dashboard.url}/debug`);
    await expect(page.locator('#updates')).toHaveText('Updated every 5 s');
    await expect(page.locator('#pause')).toBeHidden();
    const taken = (await page.locator('#taken').textContent()) ?? '';
    await expect(page.locator('#taken')).not.toHaveText(taken);
  });
});

test('the debug page is small, and its content security policy permits only its own style sheet and script', async ({ page, stack }) => {
  const response = await page.goto(`${stack.dashboard.url}/debug`);
  expect((await response?.body())?.length).toBeLessThan(40_000);
  expect(response?.headers()['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; /);
  // The debug page uses the theme of the dashboard page.
  await page.evaluate(() => localStorage.setItem('theme', 'dark'));
  await page.reload();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(14, 19, 24)');
});
