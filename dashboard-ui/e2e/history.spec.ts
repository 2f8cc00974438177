// SPDX-License-Identifier: BSL-1.0
import { bucketMs } from '../src/history/history.ts';
import { columnAt } from '../test/samples/history.ts';
import { requestBodyAt } from '../test/samples/requests.ts';
import { expect, test } from './fixtures.ts';

const chart = '#weather .chart svg';

test('the charts contain earlier calls when the page is opened and after a reload', async ({ page, dashboard }) => {
  const minutesAgo = (minutes: number) => columnAt(dashboard.now - minutes * 60_000, { calls: 10, failed: 2, cached: { count: 8, mean: 1 } });
  // There was no call between the two columns.
  dashboard.history.addColumns('weather_service', [minutesAgo(14), minutesAgo(8), minutesAgo(2)]);
  await dashboard.open(page);
  await page.clock.runFor(1_000);
  await expect(page.locator(chart)).toHaveAttribute('aria-label', 'weather, last 15 minutes: 31 calls, 6 failed, slowest 41 ms.');
  await expect(page.locator(`${chart} .ok`)).toHaveCount(4);
  await expect(page.locator(`${chart} .p50`)).toHaveCount(4);
  await expect(page.locator('#cache-trend .trend-value')).toHaveText('100 % of 25 reports');
  dashboard.aggregate = dashboard.request = null;
  await page.reload();
  await dashboard.waitForStreams(1);
  await page.clock.runFor(1_000);
  await expect(page.locator(chart)).toHaveAttribute('aria-label', 'weather, last 15 minutes: 31 calls, 6 failed, slowest 41 ms.');
  await expect(page.locator(`${chart} .ok`)).toHaveCount(4);
});

test('after a reconnect, the charts contain the missed calls, and each call only once', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await page.clock.runFor(1_000);
  await expect(page.locator(chart)).toHaveAttribute('aria-label', /: 1 call, 0 failed/);
  await dashboard.stop();
  await expect(page.locator('#connection')).toHaveText(/reconnecting/);
  dashboard.aggregate = dashboard.request = null;
  // The events contain only two columns.
  dashboard.history.addColumns('weather_service', [1, 2, 3].map((number) => columnAt(dashboard.now + number * bucketMs)));
  dashboard.now += 3 * bucketMs;
  await dashboard.start();
  await page.clock.runFor(1_000);
  await dashboard.waitForStreams(1);
  await page.clock.runFor(1_000);
  await expect(page.locator(chart)).toHaveAttribute('aria-label', /: 31 calls, 0 failed/);
  dashboard.send('request', requestBodyAt(2));
  await page.clock.runFor(1_000);
  await expect(page.locator(chart)).toHaveAttribute('aria-label', /: 32 calls, 0 failed/);
});
