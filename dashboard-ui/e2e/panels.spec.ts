// SPDX-License-Identifier: BSL-1.0
import { aggregateBody, failedBody, systemBody, timeBody, weatherBody } from '../test/samples/bodies.ts';
import { expect, test } from './fixtures.ts';

const meta = (key: string, state: string, elapsed_ms: number, deadline_ms: number) => ({
  ...aggregateBody.meta,
  [key]: { state, elapsed_ms, deadline_ms },
});

test('the page shows all parts when the stream opens', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const time = page.getByRole('region', { name: 'Time' });
  const system = page.getByRole('region', { name: 'System' });
  const weather = page.getByRole('region', { name: 'Weather' });
  await expect(time).toContainText('Asia/Jerusalem');
  await expect(system).toContainText('C++20, GCC 14.2, Boost 1.88');
  await expect(system).toContainText('0.50 · 0.25 · 1.00');
  await expect(system.getByText('Container CPU limit')).toBeHidden();
  await expect(weather).toContainText('21 °C');
  await expect(weather).toContainText('70 °F');
  await expect(weather).toContainText('yes, 1 min 15 s old');
  await expect(weather).toContainText('Response time 12 ms of 5 s');
  for (const panel of [time, system, weather]) await expect(panel.locator('.badge')).toHaveText('fresh');
  await expect(page.locator('#connection')).toHaveText('live');
});

test('the clock shows the latest time event', async ({ page, dashboard }) => {
  await dashboard.open(page);
  dashboard.comment('keep-alive');
  dashboard.send('time', { ...timeBody, timestamp: '2025-03-09 14:05:07' });
  await expect(page.locator('#clock')).toHaveText('14:05:07');
  dashboard.send('time', { ...timeBody, timestamp: '2025-03-09 14:05:08' });
  await expect(page.locator('#clock')).toHaveText('14:05:08');
});

for (const state of ['timeout', 'error', 'shed', 'open']) {
  test(`a part in the state ${state} keeps its last values, dimmed`, async ({ page, dashboard }) => {
    await dashboard.open(page);
    const weather = page.getByRole('region', { name: 'Weather' });
    await expect(weather.locator('.badge')).toHaveText('fresh');
    await page.clock.runFor(5_000);
    dashboard.send('aggregate', {
      ...aggregateBody,
      weather_service: failedBody,
      meta: meta('weather_service', state, 5000, 5000),
    });
    await expect(weather.locator('.badge')).toHaveText(state);
    await expect(weather.locator('.badge use')).not.toHaveAttribute('href', '#icon-check');
    await expect(weather).toContainText('21 °C');
    await expect(weather).toContainText('updated 5 s ago');
    await expect(weather).toContainText(state === 'open' ? 'Response time N/A' : 'Response time 5 s of 5 s');
    await expect(weather.locator('.values')).toHaveClass(/dimmed/);
    await expect(page.getByRole('region', { name: 'System' }).locator('.badge')).toHaveText('fresh');
  });
}

test('a failed time event dims the clock and keeps its time', async ({ page, dashboard }) => {
  await dashboard.open(page);
  dashboard.send('time', timeBody);
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  dashboard.send('time', { service: 'time-service', timestamp: 'Error: timeout' });
  await expect(page.getByRole('region', { name: 'Time' }).locator('.badge')).toHaveText('error');
  await expect(page.locator('#clock')).toHaveText('14:05:06');
  await expect(page.locator('#clock')).toHaveClass(/dimmed/);
});

test('a stale weather report shows its state and error', async ({ page, dashboard }) => {
  dashboard.aggregate = {
    ...aggregateBody,
    weather_service: { ...weatherBody, stale: true, error: 'Using stale cache due to error: timeout' },
    meta: meta('weather_service', 'stale', 5, 5000),
  };
  await dashboard.open(page);
  const weather = page.getByRole('region', { name: 'Weather' });
  await expect(weather.locator('.badge')).toHaveText('stale');
  await expect(weather).toContainText('Using stale cache due to error: timeout');
  await expect(weather).toContainText('older than its maximum age');
});

test('sample data is marked', async ({ page, dashboard }) => {
  dashboard.aggregate = { ...aggregateBody, weather_service: { ...weatherBody, sample: true } };
  await dashboard.open(page);
  const weather = page.getByRole('region', { name: 'Weather' });
  await expect(weather.getByText('Sample data for Haifa, Israel')).toBeVisible();
  await expect(weather).toContainText('yes, built-in data');
  dashboard.send('aggregate', aggregateBody);
  await expect(weather.getByText('Sample data')).toBeHidden();
});

test('missing fields are N/A, limits of a container are shown, and data is escaped', async ({ page, dashboard }) => {
  dashboard.aggregate = {
    ...aggregateBody,
    sysinfo_service: { hostname: '<img src=x onerror=alert(1)>', cgroup_memory_limit_gb: 0.25, cgroup_cpu_limit: 1 },
    weather_service: { ...weatherBody, weather: { temperature_c: 'N/A', humidity: {} } },
  };
  await dashboard.open(page);
  const system = page.getByRole('region', { name: 'System' });
  await expect(system).toContainText('<img src=x onerror=alert(1)>');
  await expect(system).toContainText('Container memory, limit');
  await expect(system).toContainText('0.25 GiB');
  await expect(system.locator('[data-field=load_average]')).toHaveText('N/A');
  await expect(page.locator('[data-field=temperature_c]')).toHaveText('N/A');
  await expect(page.locator('body')).not.toContainText(/undefined|null|NaN|\[object/);
  await expect(page.locator('img')).toHaveCount(0);
});

test('CPU load, memory and cache of 15 minutes are shown as small charts with a caption, and as a table', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const system = page.getByRole('region', { name: 'System', exact: true });
  const weather = page.getByRole('region', { name: 'Weather', exact: true });
  await expect(system).toContainText('53.2 % memory');
  await page.clock.runFor(1_000);
  dashboard.send('aggregate', {
    ...aggregateBody,
    sysinfo_service: { ...systemBody, load_average: [6, 1, 1], memory_percent: 70 },
    weather_service: { ...weatherBody, cached: false },
  });
  await expect(system).toContainText('70.0 % memory');
  const before = (await system.locator('.trends').boundingBox())?.height;
  await page.clock.runFor(1_000);
  await expect(system.getByRole('img', { name: 'CPU load, last 15 minutes: now 75 %, highest 41 %.' })).toBeVisible();
  await expect(system.getByRole('img', { name: /^Memory, last 15 minutes: now 70 %/ })).toBeVisible();
  await expect(weather.getByRole('img', { name: 'Weather reports from the cache, last 15 minutes: 1 of 2.' })).toBeVisible();
  await expect(weather.locator('.trend-value')).toHaveText('50 % of 2 reports');
  await expect(system.locator('.trend .share').first()).toHaveAttribute('d', /^M59 20V/);
  expect((await system.locator('.trends').boundingBox())?.height).toBe(before);

  await weather.getByText('History of weather as a table').click();
  const row = weather.getByRole('table').getByRole('row').nth(1);
  await expect(row.getByRole('cell')).toHaveText(['1', '0', '41 ms', '41 ms', 'closed', '50 %']);
  await system.getByText('History of system as a table').click();
  await expect(system.getByRole('columnheader')).toHaveText(['Minute', 'Calls', 'Failed', 'p50', 'p99', 'Breaker', 'CPU load', 'Memory']);
});

test('the values of the small charts stay beside their names in a narrow window', async ({ page, dashboard }) => {
  await page.setViewportSize({ width: 320, height: 800 });
  dashboard.aggregate = { ...aggregateBody, sysinfo_service: { ...systemBody, load_average: [8_000, 1, 1] } };
  await dashboard.open(page);
  await page.clock.runFor(1_000);
  await expect(page.locator('#cpu-trend .trend-value')).toHaveText('100000 %');
  const tops = await page.locator('#cpu-trend').evaluate((trend) => [...trend.querySelectorAll('span, b')].map((text) => text.getBoundingClientRect().top));
  expect(tops[0]).toBe(tops[1]);
});

test('a malformed event is reported until the next valid event', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const system = page.getByRole('region', { name: 'System' });
  await expect(system).toContainText(systemBody.hostname);
  dashboard.send('aggregate', '{"time_service":');
  await expect(page.getByText('Ignored a malformed “aggregate” event')).toBeVisible();
  await expect(system).toContainText(systemBody.hostname);
  await expect(system.locator('.badge')).toHaveText('fresh');
  dashboard.send('aggregate', { ...aggregateBody, sysinfo_service: { ...systemBody, hostname: 'next' } });
  await expect(system).toContainText('next');
  await expect(page.getByText('Ignored a malformed')).toBeHidden();
});

test('the live region announces only changes of state', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const announcements = page.getByRole('status');
  await expect(page.locator('#connection')).toHaveText('live');
  await page.clock.runFor(1_000);
  await expect(announcements).toBeEmpty();
  const shed = { ...aggregateBody, weather_service: failedBody, meta: meta('weather_service', 'shed', 0, 5000) };
  dashboard.send('aggregate', shed);
  await expect(page.getByRole('region', { name: 'Weather' }).locator('.badge')).toHaveText('shed');
  await page.clock.runFor(1_000);
  await expect(announcements).toHaveText('Weather: shed.');
  dashboard.send('aggregate', { ...shed, sysinfo_service: failedBody });
  await expect(page.getByRole('region', { name: 'System' }).locator('.badge')).toHaveText('error');
  await page.clock.runFor(1_000);
  await expect(announcements).toHaveText('System: error.');
});

for (const scheme of ['light', 'dark'] as const) {
  test(`the page fits a narrow screen with sufficient contrast in ${scheme} mode`, async ({ page, dashboard }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 320, height: 640 });
    await dashboard.open(page);
    await expect(page.locator('#connection')).toHaveText('live');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    const colors = await page.evaluate(() => {
      const panel = document.querySelector('.panel') ?? document.body;
      const term = document.querySelector('dt') ?? document.body;
      return [getComputedStyle(panel).backgroundColor, getComputedStyle(term).color];
    });
    expect(contrast(colors[0] ?? '', colors[1] ?? '')).toBeGreaterThan(4.5);
  });
}

/** The contrast ratio of WCAG 2.2 between two `rgb(…)` colors. */
function contrast(first: string, second: string): number {
  const [lighter = 0, darker = 0] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map((channel) => {
    const share = Number(channel) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
