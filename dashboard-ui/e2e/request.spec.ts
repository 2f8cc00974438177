// SPDX-License-Identifier: BSL-1.0
import { aggregateBody, failedBody } from '../test/samples/bodies.ts';
import { openBreakerRequestBody, requestBody, requestBodyAt, timedOutRequestBody } from '../test/samples/requests.ts';
import { expect, test } from './fixtures.ts';

const timedOutAggregate = {
  ...aggregateBody,
  weather_service: failedBody,
  meta: { ...aggregateBody.meta, weather_service: { state: 'timeout', elapsed_ms: 5000, deadline_ms: 5000 } },
};

test('a request is drawn with its calls, deadlines and a headline', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await expect(page.locator('#headline')).toHaveText('3 of 3 in time · slowest 41 ms of 5 s (weather)');
  const request = page.getByRole('region', { name: 'One request, three calls' });
  await expect(request.locator('#answered')).toHaveText('answered in 41 ms');
  await expect(request.locator('#trace')).toHaveText('#4c1a8f00');
  await expect(request.locator('.lane-result')).toHaveText(['450 µs', '690 µs', '41 ms']);
  await expect(request.locator('.lane .deadline')).toHaveCount(3);
  await expect(request.locator('.lane .saved-time')).toHaveCount(0);
  for (const phase of ['queued', 'connect', 'tls', 'wait', 'read']) {
    await expect(request.locator(`.lane .${phase}`).last()).toHaveAttribute('width', /[1-9]/);
  }
});

test('a call that was cancelled at its deadline shows its attempts and the saved waiting time', async ({ page, dashboard }) => {
  dashboard.aggregate = timedOutAggregate;
  dashboard.request = timedOutRequestBody;
  await dashboard.open(page);
  await expect(page.locator('.lane .saved-time')).toHaveCount(1);
  await expect(page.locator('.lane .saved-time-label')).toHaveText('waiting time saved');
  await expect(page.locator('.lane .cut')).toHaveCount(1);
  const result = page.locator('.lane-result').last();
  await expect(result).toHaveText('timed out, 5 s');
  await expect(page.locator('.lane .note')).toHaveText(['reset', 'retry, deadline exceeded', 'hedge cancelled']);
  await expect(page.locator('#headline')).toHaveText('2 of 3 in time · weather timed out');
  await expect(page).toHaveTitle('✕ weather timed out · Cohort');
  await expect(page.getByRole('region', { name: 'Weather' })).toContainText('Deadline of 5 s exceeded.');
  await expect(page.getByRole('group', { name: /weather: timed out, 5 s, with retry and hedge/ })).toBeVisible();

  await page.getByText('Request as a table').click();
  const row = page.getByRole('row', { name: /retry to 10.0.3.8:5003/ });
  await expect(row).toContainText('cancelled: deadline');
  await expect(row).toContainText('3.74 s');
  // The longest result fits in its column.
  expect(await result.evaluate((cell) => {
    cell.textContent = 'timed out, 4.95 s';
    return cell.scrollWidth - cell.clientWidth;
  })).toBe(0);
});

test('the bars of a request in progress grow until its record replaces them', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const part = (key: string, body: object, state: string) => ({ poll: 1, [key]: body, meta: { [key]: { state, elapsed_ms: 1, deadline_ms: 3000 } } });
  dashboard.send('poll', { poll: 1, budgets_ms: { time_service: 3000, sysinfo_service: 3000, weather_service: 5000 } });
  dashboard.send('part', part('time_service', aggregateBody.time_service, 'fresh'));
  dashboard.send('part', part('sysinfo_service', { ...aggregateBody.sysinfo_service, hostname: 'early' }, 'fresh'));
  await expect(page.getByRole('region', { name: 'System' })).toContainText('early');
  await page.clock.runFor(2_000);
  const weather = page.locator('.lane').last();
  await expect(weather).toHaveAttribute('data-state', 'running');
  await expect(weather.locator('.lane-result')).toHaveText(/^2(\.\d+)? s …$/);
  dashboard.send('part', part('weather_service', failedBody, 'timeout'));
  dashboard.send('request', timedOutRequestBody);
  await expect(weather).toHaveAttribute('data-state', 'timeout');
  await expect(weather.locator('.saved-time')).toHaveCount(1);
});

test('earlier requests can be selected and pinned, also by keyboard', async ({ page, dashboard }) => {
  dashboard.earlier = Array.from({ length: 58 }, (_, index) => requestBodyAt(index, index === 57 ? openBreakerRequestBody : requestBody));
  await dashboard.open(page);
  await expect(page.locator('#strip .ok')).toHaveCount(58);
  const slider = page.getByRole('slider', { name: 'Request shown' });
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator('#answered')).toHaveText('answered in 800 µs without weather');
  await expect(page.getByText('not called').first()).toBeVisible();
  await expect(slider).toHaveAttribute('aria-valuetext', /degraded, 800 µs/);
  const pin = page.getByRole('button', { name: 'Pinned' });
  await expect(pin).toHaveAttribute('aria-pressed', 'true');
  dashboard.send('request', { ...timedOutRequestBody, trace_id: 'f'.repeat(32) });
  await expect(page.locator('#strip .cut')).toHaveCount(1);
  await expect(page.locator('#answered')).toHaveText('answered in 800 µs without weather');
  await pin.click();
  await expect(page.locator('#answered')).toHaveText('answered in 5 s without weather');
  await page.getByRole('button', { name: 'Previous request' }).click();
  await expect(page.locator('#answered')).toHaveText('answered in 41 ms');
});

test('without records, the waterfall shows the server’s aggregates', async ({ page, dashboard }) => {
  dashboard.request = null;
  dashboard.aggregate = timedOutAggregate;
  await dashboard.open(page);
  await expect(page.locator('.lane-result')).toHaveText(['12 ms', '12 ms', 'timed out, 5 s']);
  await expect(page.locator('.lane .saved-time')).toHaveCount(1);
});

test('malicious and invalid values of a request appear as text in the page', async ({ page, dashboard }) => {
  const maliciousText = '<img src=x onerror=alert(1)>'.repeat(40);
  const attempt = { kind: maliciousText, address: maliciousText, start_ms: -1, end_ms: 1e308, outcome: maliciousText, cancelled_by: maliciousText };
  const call = { service: maliciousText, state: maliciousText, start_ms: 1e9, end_ms: -5, budget_ms: 1e308, reason: maliciousText, attempts: Array(30).fill(attempt) };
  dashboard.request = { trace_id: maliciousText, started_at: maliciousText, duration_ms: 1e308, deadline_ms: -1, calls: Array(40).fill(call) };
  await page.setViewportSize({ width: 320, height: 640 });
  await dashboard.open(page);
  await page.getByText('Request as a table').click();
  await expect(page.locator('.lane')).toHaveCount(16);
  await expect(page.locator('img')).toHaveCount(0);
  await expect(page.locator('body')).not.toContainText(/undefined|NaN|Infinity|\[object/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});
