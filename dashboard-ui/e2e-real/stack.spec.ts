// SPDX-License-Identifier: BSL-1.0
import { test as base } from '@playwright/test';
import { weatherBody } from '../test/samples/bodies.ts';
import { badge, expect, test } from './fixtures.ts';
import { Stack, startWeatherServer } from './programs.ts';

test('the page shows the calls of the running services within its size limit and without layout shifts', async ({ page, stack }) => {
  let bytes = 0;
  const requests: string[] = [];
  page.on('requestfinished', async (request) => {
    requests.push(request.url());
    if (!request.url().includes('/api/events')) bytes += (await request.sizes()).responseBodySize;
  });
  await page.addInitScript(() => {
    const shifts = { total: 0 };
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) shifts.total += entry.value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#headline')).toHaveText(/^3 of 3 in time · slowest .* of (3 s \((time|system)\)|2 s \(weather\))$/);
  await expect(page).toHaveTitle('✓ 3 of 3 in time · Cohort');
  await expect(page.locator('#trace')).toHaveText(/^#[0-9a-f]{8}$/);
  await expect(page.locator('.lane-result')).toHaveText([/\d (µs|ms)$/, /\d (µs|ms)$/, /\d (µs|ms)$/]);
  await expect(page.locator('#strip .ok').nth(1)).toBeVisible();
  await page.getByText('Request as a table').click();
  await expect(page.getByRole('row', { name: /weather/ }).last()).toContainText(`first to 127.0.0.1:${stack.weather.port}`);
  for (const name of ['Time', 'System', 'Weather']) await expect(badge(page, name)).toHaveText('fresh');
  await expect(page.getByRole('region', { name: 'Weather' })).toContainText('Sample data for Haifa, Israel');
  expect(await page.evaluate(() => (window as unknown as { shifts: { total: number } }).shifts.total)).toBeLessThanOrEqual(0.01);
  // The open event stream is the sixth request.
  expect(requests.length).toBeLessThanOrEqual(5);
  expect(bytes).toBeLessThanOrEqual(60_000);
});

test('a call to a hanging weather service is cancelled at its deadline, and does not delay other parts', async ({ page, stack }) => {
  await page.goto(stack.dashboard.url);
  await expect(badge(page, 'Weather')).toHaveText('fresh');
  await stack.weather.inject({ hang_percent: 100 });
  await expect(page.locator('.lane').last()).toHaveAttribute('data-state', 'running');
  await expect(page.locator('.lane .saved-time')).toBeVisible();
  await expect(page.locator('.lane-result').last()).toHaveText('timed out, 2 s');
  await expect(page.locator('#headline')).toHaveText('2 of 3 in time · weather timed out');
  await expect(page.getByRole('region', { name: 'Weather' })).toContainText('Deadline of 2 s exceeded.');
  await expect(badge(page, 'System')).toHaveText('fresh');
  await expect(badge(page, 'Time')).toHaveText('fresh');
  await stack.weather.inject({});
  await expect(badge(page, 'Weather')).toHaveText('fresh');
  await expect(page.locator('#headline')).toHaveText(/^3 of 3 in time/);
});

test('an experiment measures the same fault with and without the deadline', async ({ page, stack }) => {
  await page.goto(stack.dashboard.url);
  const panel = page.getByRole('region', { name: /^Experiment/ });
  await panel.getByRole('slider', { name: /Weather delay/ }).fill('1500');
  await panel.getByRole('slider', { name: /Deadline/ }).fill('500');
  // The state is checked at each animation frame, because it is short-lived.
  const grows = page.waitForFunction(() => document.querySelector('#experiment .lane[data-state=running] .wait') !== null);
  await panel.getByRole('button', { name: 'Run' }).click();
  await grows;
  await expect(panel.locator('.saved-time')).toHaveCount(1);
  await expect(panel.locator('.lane-result').nth(2)).toHaveText(/^timed out, (49|[5-9]\d)\d ms$/);
  await expect(panel.locator('.lane-result').nth(5)).toHaveText(/^1\.[5-9]\d? s$/);
  await expect(panel.locator('.status')).toHaveText(/^The deadline saved \d.*: 2 of 3 parts after/);
  const faults = await (await fetch(`${stack.weather.url}/api/faults`)).json();
  expect(faults).toMatchObject({ active: false });
});

test('CPU load, memory and cache have values, and a pause stops them but not the alerts or the stream', async ({ page, stack }) => {
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#cpu-trend .trend-value')).toHaveText(/^<?\d+ %$/);
  await expect(page.locator('#memory-trend .trend-value')).toHaveText(/^\d+ %$/);
  await expect(page.locator('#cache-trend .trend-value')).toHaveText(/^\d+ % of \d+ reports$/);
  await page.getByText('History of weather as a table').click();
  await expect(page.locator('#weather .history tbody tr').first()).toContainText('closed');
  const clock = page.locator('#clock');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const [time = '', trace = ''] = await Promise.all([clock.textContent(), page.locator('#trace').textContent()]);
  await postAlerts(stack.dashboard.url, [firingAlert(1)]);
  // The alerts are polled every second.
  await expect(page.getByRole('region', { name: 'Alerts' }).locator('.alert:visible')).toHaveCount(1);
  await expect(page.locator('#connection')).toHaveText('paused');
  await expect(clock).toHaveText(time ?? '');
  await expect(page.locator('#trace')).toHaveText(trace ?? '');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(clock).not.toHaveText(time ?? '');
});

test('the charts contain earlier calls when the page is opened and after a reload', async ({ page, stack }) => {
  const countCalls = async () => Number(/(\d+) calls/.exec((await page.locator('#weather .chart svg').getAttribute('aria-label')) ?? '')?.[1]);
  for (let i = 0; i < 40; ++i) await fetch(`${stack.dashboard.url}/api/aggregate`);
  await page.goto(stack.dashboard.url);
  await expect.poll(countCalls).toBeGreaterThanOrEqual(40);
  const before = await countCalls();
  await page.reload();
  await expect.poll(countCalls).toBeGreaterThanOrEqual(before);
  expect(await countCalls()).toBeLessThan(before + 20);
});

test('a killed service and its recovery are shown', async ({ page, stack }) => {
  await page.goto(stack.dashboard.url);
  await expect(badge(page, 'System')).toHaveText('fresh');
  await stack.system.kill();
  await expect(badge(page, 'System')).toHaveText(/error|open/);
  await expect(page.getByRole('region', { name: 'System' })).toContainText(/The call failed \(.+\)\. Next call within|Breaker open \(.+\)\. Next probe (in|within) \d s\./);
  await expect(badge(page, 'Weather')).toHaveText('fresh');
  await stack.system.start();
  await expect(badge(page, 'System')).toHaveText('fresh');
});

test('after the loss of the stream, all values are dimmed, and the page reconnects', async ({ page, stack }) => {
  await page.goto(stack.dashboard.url);
  await expect(badge(page, 'Weather')).toHaveText('fresh');
  await stack.dashboard.kill();
  await expect(page.locator('#panels [data-tone=good]')).toHaveCount(0);
  await expect(page.locator('#connection')).toHaveText(/reconnecting|connecting|checking/);
  await stack.dashboard.start();
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(badge(page, 'System')).toHaveText('fresh');
});

base('a user can sign in with the API key, and sign out', async ({ page }) => {
  const stack = await Stack.start({ key: 'open-sesame' });
  await page.goto(stack.dashboard.url);
  const key = page.getByLabel('Key', { exact: true });
  await expect(key).toBeVisible();
  await expect(page.locator('#headline')).toHaveText('API key required');
  await key.fill('guess');
  await key.press('Enter');
  await expect(page.locator('#key-error')).toHaveText('Invalid API key');
  await key.fill('open-sesame');
  await key.press('Enter');
  await expect(page.locator('#headline')).toHaveText(/3 of 3 in time|of 3/);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(key).toBeVisible();
  await expect(page.locator('#request')).toBeHidden();
  await page.reload();
  await expect(key).toBeVisible();
  await stack.stop();
});

test('malicious and invalid strings of a service appear as text in the page', async ({ page }) => {
  const maliciousText = '<img src=x onerror=alert(1)>'.repeat(500);
  const server = await startWeatherServer({
    ...weatherBody,
    location: { city: maliciousText, country: maliciousText },
    weather: { temperature_c: 1e300, condition: maliciousText, humidity: '\u202e', feels_like_c: [] },
  });
  const stack = await Stack.start({ weatherUrl: server.url });
  await page.setViewportSize({ width: 320, height: 800 });
  await page.goto(stack.dashboard.url);
  await expect(page.getByRole('region', { name: 'Weather' })).toContainText('<img src=x');
  await page.getByText('All values of weather').click();
  await expect(page.locator('img')).toHaveCount(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await stack.stop();
  server.close();
});

test('the runbook and the icon have their own paths', async ({ page, stack }) => {
  expect((await page.request.get(`${stack.dashboard.url}/favicon.ico`)).headers()['content-type']).toBe('image/svg+xml');
  await page.goto(`${stack.dashboard.url}/runbook/`);
  await expect(page).toHaveURL(`${stack.dashboard.url}/runbook`);
  await expect(page.getByRole('link', { name: 'Dashboard' })).toBeVisible();
});

test('a nonexistent path returns an HTML page to browsers and JSON to other clients', async ({ page, stack }) => {
  const json = await page.request.get(`${stack.dashboard.url}/nowhere`);
  expect([json.status(), json.headers()['content-type']]).toEqual([404, 'application/json']);
  const response = await page.goto(`${stack.dashboard.url}/no/where/<b>`);
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading')).toHaveText('Page not found');
  await expect(page.getByText('/no/where/%3Cb%3E')).toBeVisible();
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await expect(page).toHaveURL(`${stack.dashboard.url}/`);
});

test('the HTML and the script show the same values', async ({ page, stack }) => {
  let html = '';
  const load = async () => (html = await (await page.request.get(stack.dashboard.url)).text());
  const fact = (panel: string) => new RegExp(`id="${panel}".*?data-fact="main">([^<]*)<`, 's').exec(html)?.[1];
  // The server waits at most 80 ms for the values in the HTML. On a busy machine, the first report takes longer.
  await expect.poll(load).toContain('Haifa, Israel');
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#weather .fact')).toHaveText(fact('weather') ?? 'none');
  expect(fact('system')).toMatch(/^\d+\.\d % memory$/);
  expect(fact('time')).toMatch(/^\d\d:\d\d:\d\d$/);
  // A hanging call is not counted, and delays neither the page nor the other values.
  await stack.weather.inject({ hang_percent: 100 });
  // Polls, because the server reuses values that are less than a second old.
  await expect.poll(load).toContain('2 of 2 in time');
});

/** Returns a firing alert; its strings are malicious if `index` is even. */
const firingAlert = (index: number) => ({
  status: 'firing',
  fingerprint: `f${index}`,
  startsAt: new Date(Date.now() - 90_000).toISOString(),
  endsAt: '0001-01-01T00:00:00Z',
  labels: { alertname: index % 2 === 0 ? '<b>"Hostile"</b>' : 'ServiceDown', severity: index < 2 ? 'critical' : 'page', job: 'weather-service' },
  annotations: { summary: '<img src=x onerror=alert(1)>', description: 'First line\nsecond', runbook_url: index % 2 === 0 ? 'javascript:alert(1)' : 'http://localhost:5000/runbook#servicedown' },
});

async function postAlerts(url: string, alerts: object[]): Promise<void> {
  const body = JSON.stringify({ version: '4', groupKey: 'g', receiver: 'r', status: 'firing', alerts });
  const posted = await fetch(`${url}/api/alerts`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  expect(posted.ok).toBe(true);
}

test('the HTML and the script show the same alerts', async ({ page, stack }) => {
  const resolved = { ...firingAlert(8), status: 'resolved', endsAt: new Date().toISOString() };
  await postAlerts(stack.dashboard.url, [...Array.from({ length: 8 }, (_, index) => firingAlert(index)), resolved]);
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(page.locator('#headline')).toHaveText('3 of 3 in time · 8 alerts firing');
  const [html, shown] = await page.evaluate(async () => {
    const sent = new DOMParser().parseFromString(await (await fetch('./')).text(), 'text/html');
    return [sent, document].map((root) => {
      const panel = root.querySelector('#alerts')?.cloneNode(true) as Element;
      // The script shows the time zone of the browser.
      for (const time of panel.querySelectorAll('time')) time.textContent = '';
      const hidden = [...panel.querySelectorAll('[hidden]')].map((element) => element.className || element.id);
      for (const element of panel.querySelectorAll('[hidden]')) element.textContent = '';
      const links = [...panel.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'));
      const keys = [...panel.querySelectorAll('li')].map((item) => `${item.dataset['key']} ${item.dataset['tone']}`);
      const text = (panel.textContent ?? '').replace(/\d+ s\b/g, 'N s').split(/\s+/).join(' ');
      return { hidden, links, keys, text };
    });
  });
  expect(html).toEqual(shown);
  expect(shown?.keys.length).toBe(9);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the page shows the values of its HTML, and reloads automatically', async ({ page, stack }) => {
    await page.goto(stack.dashboard.url);
    await expect(page.locator('#headline')).toHaveText(/^3 of 3 in time/);
    await expect(page.locator('#system .fact')).toHaveText(/% memory$/);
    await expect(page.locator('.lane-result')).toHaveText([/\d (µs|ms)$/, /\d (µs|ms)$/, /\d (µs|ms)$/]);
    for (const name of ['Time', 'System', 'Weather']) await expect(badge(page, name)).toHaveText('fresh');
    await expect(page.locator('#alerts .explanation')).toHaveText('No signal from monitoring yet.');
    // No element waits for a script, and no control requires a script.
    for (const part of ['#connection', '#answered', '#map', '#experiment']) await expect(page.locator(part)).toBeHidden();
    await expect(page.locator('button:visible, input:visible, summary:visible')).toHaveCount(0);
    await expect(page.getByText(/waiting/i).filter({ visible: true })).toHaveCount(0);
    const clock = (await page.locator('#clock').textContent()) ?? '';
    await expect(page.locator('#clock')).not.toHaveText(clock);
  });

  test('the page shows firing alerts', async ({ page, stack }) => {
    await postAlerts(stack.dashboard.url, Array.from({ length: 60 }, (_, index) => firingAlert(index)));
    await page.goto(stack.dashboard.url);
    const panel = page.getByRole('region', { name: 'Alerts' });
    await expect(panel.locator('.panel-head .badge')).toHaveText('60 firing');
    await expect(panel.locator('.alert:visible')).toHaveCount(3);
    await expect(panel.getByRole('link', { name: 'Runbook for ServiceDown' }).first()).toHaveAttribute('href', 'runbook#servicedown');
    await panel.getByText(/^57 more: /).click();
    await expect(panel.locator('.alert:visible')).toHaveCount(60);
    await expect(page.locator('img, h3 b')).toHaveCount(0);
  });
});

base('a browser without a session receives no values', async ({ page }) => {
  const stack = await Stack.start({ key: 'open-sesame' });
  await page.request.get(stack.dashboard.url, { headers: { 'X-API-Key': 'open-sesame' } });
  const html = await (await page.request.get(stack.dashboard.url)).text();
  expect(html).toContain('API key required');
  expect(html).toContain('id="initial">[]<');
  expect(html).not.toContain('Haifa');
  await stack.stop();
});
