// SPDX-License-Identifier: BSL-1.0
import { aggregateBody, alertBody, alertsBody, systemBody, timeBody } from '../test/samples/bodies.ts';
import { requestBodyAt } from '../test/samples/requests.ts';
import { expect, test } from './fixtures.ts';

const later = { ...timeBody, timestamp: '2025-03-09 14:05:16' };
const laterAggregate = { ...aggregateBody, sysinfo_service: { ...systemBody, memory_percent: 70 } };

test('a pause keeps the values and the request, while the stream stays open and alerts update', async ({ page, dashboard }) => {
  dashboard.request = requestBodyAt(1);
  await dashboard.open(page);
  dashboard.send('time', timeBody);
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  await page.clock.runFor(1_000);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true, pressed: true })).toBeVisible();
  await expect(page.locator('#connection')).toHaveText('paused');
  await expect(page.locator('#headline')).toHaveText(/^Paused · 3 of 3 in time/);
  await expect(page.locator('#headline')).toHaveAttribute('data-tone', 'idle');
  await expect(page).toHaveTitle('‖ paused · Cohort');
  await expect(page.getByRole('status')).toHaveText('Display paused. Alerts still update.');

  const stats = await page.locator('#system .stats').textContent();
  dashboard.send('time', later);
  dashboard.send('aggregate', laterAggregate);
  dashboard.send('request', requestBodyAt(2));
  dashboard.send('alerts', alertsBody([alertBody]));
  await expect(page.getByRole('heading', { name: 'ServiceDown' })).toBeVisible();
  await expect(page).toHaveTitle('‖ paused · 1 firing · Cohort');
  await page.clock.runFor(1_000);
  await expect(page.getByRole('status')).toContainText('Alert firing: ServiceDown');
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  await expect(page.locator('#system .fact')).toHaveText('53.2 % memory');
  await expect(page.locator('#memory-trend .trend-value')).toHaveText('53 %');
  await expect(page.locator('#trace')).toHaveAttribute('title', /0001$/);
  await expect(page.locator('#system .stats')).toHaveText(stats ?? '');
  expect([dashboard.openedStreamCount, dashboard.openStreamCount]).toEqual([1, 1]);

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText('Display resumed.');
  await expect(page.locator('#clock')).toHaveText('14:05:16');
  await expect(page.locator('#system .fact')).toHaveText('70.0 % memory');
  await expect(page.locator('#memory-trend .trend-value')).toHaveText('70 %');
  await expect(page.locator('#trace')).toHaveAttribute('title', /0002$/);
  await expect(page.locator('#connection')).toHaveText('live');
  expect(dashboard.openedStreamCount).toBe(1);
});

test('the values of a paused page do not age; the connection state shows the loss of the stream, and a click on it ends the pause', async ({ page, dashboard }) => {
  await dashboard.open(page);
  dashboard.send('time', timeBody);
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  await page.getByRole('button', { name: 'Pause', exact: true }).focus();
  await page.keyboard.press('Space');
  await expect(page.locator('#connection')).toHaveText('paused');
  await page.clock.runFor(4_000);
  await expect(page.getByRole('region', { name: 'Time', exact: true }).locator('.badge')).toHaveText('fresh');
  await expect(page.locator('#connection')).toHaveText('no data');
  await dashboard.stop();
  await expect(page.locator('#connection')).toHaveText(/reconnecting/);
  await expect(page.locator('#headline')).toHaveText(/^Paused/);
  await page.locator('#connection').click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true, pressed: false })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Time', exact: true }).locator('.badge')).toHaveText('stale');
  await expect(page.locator('#panels [data-tone=good]')).toHaveCount(0);
});

test('requests can be selected and tables opened during a pause', async ({ page, dashboard }) => {
  dashboard.request = requestBodyAt(3);
  dashboard.earlier = [requestBodyAt(1), requestBodyAt(2), requestBodyAt(3)];
  for (const number of [1, 2]) dashboard.history.addRequest(requestBodyAt(number), dashboard.now);
  await dashboard.open(page);
  await expect(page.locator('#strip .ok')).toHaveCount(3);
  await page.clock.runFor(1_000);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  dashboard.send('request', requestBodyAt(4));
  dashboard.send('time', timeBody);
  await page.getByRole('button', { name: 'Previous request' }).click();
  await expect(page.locator('#trace')).toHaveAttribute('title', /0002$/);
  await page.getByText('History of time as a table').click();
  await expect(page.locator('#time .history td').first()).toHaveText('3');
  await expect(page.locator('#strip .ok')).toHaveCount(3);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.locator('#strip .ok')).toHaveCount(4);
  await expect(page.locator('#trace')).toHaveAttribute('title', /0002$/);
});

test('the end of the session ends the pause', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await expect(page.locator('#connection')).toHaveText('live');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  dashboard.key = 'open sesame';
  dashboard.shutDown();
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  await page.clock.runFor(2_000);
  await expect(page.getByLabel('Key', { exact: true })).toBeVisible();
  await expect(page.locator('#headline')).toHaveText('API key required');
  await expect(page.locator('#pause')).toBeHidden();
  await page.getByLabel('Key', { exact: true }).fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(page.locator('#headline')).toHaveText(/^3 of 3 in time/);
  await expect(page.getByRole('button', { name: 'Pause', exact: true, pressed: false })).toBeVisible();
});
