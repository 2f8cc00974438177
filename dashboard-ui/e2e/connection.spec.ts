// SPDX-License-Identifier: BSL-1.0
import type { Page } from '@playwright/test';
import { aggregateBody, timeBody } from '../test/samples/bodies.ts';
import { expect, test } from './fixtures.ts';

test('windows of one browser share one stream, and another window becomes the leader when the leader closes', async ({ page, context, dashboard }) => {
  const pages = [page, await context.newPage(), await context.newPage()];
  for (const window of pages) {
    await window.goto(dashboard.url);
    await expect(window.locator('#headline')).toHaveText(/3 of 3 in time/);
  }
  expect(dashboard.openedStreamCount).toBe(1);
  await page.close();
  await expect.poll(() => dashboard.openedStreamCount).toBe(2);
  await dashboard.waitForStreams(1);
  dashboard.send('time', { ...timeBody, timestamp: '2025-03-09 20:30:40' });
  for (const window of pages.slice(1)) await expect(window.locator('#clock')).toHaveText('20:30:40');
});

/** Simulates visibility, which Playwright cannot change in Chromium. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

test('3 s after the last event no value is shown as current, until the next event', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const badge = (name: string) => page.getByRole('region', { name }).locator('.badge');
  dashboard.send('time', timeBody);
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  await expect(page).toHaveTitle('✓ 3 of 3 in time · Cohort');

  await page.clock.runFor(4_000);
  await expect(badge('Time')).toHaveText('stale');
  await expect(page.getByRole('region', { name: 'Time' })).toContainText('updated 4 s ago');
  await expect(page.locator('#clock')).toHaveClass(/dimmed/);
  await expect(page.locator('#connection')).toHaveText('no data');
  await expect(badge('System')).toHaveText('stale');
  await expect(badge('Weather')).toHaveText('stale');
  await expect(page.locator('#headline')).toHaveText('No data from the server: values are out of date');
  await expect(page.locator('#panels [data-tone=good]')).toHaveCount(0);
  await expect(page).toHaveTitle('… no data · Cohort');

  dashboard.send('time', { ...timeBody, timestamp: '2025-03-09 14:05:10' });
  dashboard.send('aggregate', aggregateBody);
  await expect(badge('Weather')).toHaveText('fresh');
  await expect(badge('Time')).toHaveText('fresh');
  await expect(page.locator('#clock')).not.toHaveClass(/dimmed/);
  await expect(page.locator('#connection')).toHaveText('live');
});

test('after 6 s without events, the page opens a new stream', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await page.clock.runFor(5_500);
  expect(dashboard.openedStreamCount).toBe(1);
  await page.clock.runFor(2_500);
  await expect.poll(() => dashboard.openedStreamCount).toBe(2);
});

for (const [what, retry] of [
  ['a click on the connection state', (page: Page) => page.locator('#connection').click()],
  ['a restored network connection', (page: Page) => page.evaluate(() => window.dispatchEvent(new Event('online')))],
] as const) {
  test(`${what} reconnects immediately`, async ({ page, dashboard }) => {
    await dashboard.open(page);
    await expect(page.locator('#connection')).toHaveText('live');
    await dashboard.stop();
    await expect(page.locator('#connection')).toHaveText(/reconnecting/);
    await dashboard.start();
    await retry(page);
    await expect(page.locator('#connection')).toHaveText('live');
  });
}

test('the page reconnects to a server that was stopped', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await expect(page.locator('#connection')).toHaveText('live');
  await dashboard.stop();
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  await page.clock.runFor(1_000);
  await expect(page.locator('#connection')).toHaveText('reconnecting in 2 s');
  await expect(page.getByRole('status')).toContainText('Connection: reconnecting.');
  await page.clock.runFor(1_000);
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  // Two seconds after the loss, all values are dimmed.
  await expect(page.locator('#panels [data-tone=good]')).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'System' }).locator('.badge')).toHaveText('stale');
  await page.clock.runFor(30_000);

  await dashboard.start();
  await expect(async () => {
    await page.clock.runFor(1_000);
    expect(dashboard.openStreamCount).toBe(1);
  }).toPass({ intervals: [20] });
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(page.getByRole('region', { name: 'System' }).locator('.badge')).toHaveText('fresh');
});

test('the page reconnects after a final event', async ({ page, dashboard }) => {
  await dashboard.open(page);
  dashboard.shutDown();
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  await dashboard.waitForStreams(0);
  await page.clock.runFor(1_000);
  await dashboard.waitForStreams(1);
  await expect(page.locator('#connection')).toHaveText('live');
  expect(dashboard.openedStreamCount).toBe(2);
});

test('a hidden page closes its connection and opens one when it is shown', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await setHidden(page, true);
  await dashboard.waitForStreams(0);
  await page.clock.runFor(60_000);
  expect(dashboard.openedStreamCount).toBe(1);
  await setHidden(page, false);
  await dashboard.waitForStreams(1);
  await expect(page.locator('#connection')).toHaveText('live');
});

test('leaving the page closes its connection', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await page.goto('about:blank');
  await dashboard.waitForStreams(0);
});
