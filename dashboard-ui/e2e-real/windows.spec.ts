// SPDX-License-Identifier: BSL-1.0
import { test as base, type Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { Stack } from './programs.ts';

/** Returns the number of open event streams of the server. */
async function openStreams(stack: Stack): Promise<number> {
  const report = (await (await fetch(`${stack.dashboard.url}/debug/requests`)).json()) as { in_flight: { route: string }[] };
  return report.in_flight.filter((request) => request.route === '/api/events').length;
}

test('twelve windows share one event stream, and another window becomes the leader when the leader closes', async ({ context, stack }) => {
  const pages: Page[] = [];
  for (let i = 0; i < 12; ++i) {
    const page = await context.newPage();
    await page.goto(stack.dashboard.url);
    pages.push(page);
  }
  for (const page of pages) await expect(page.locator('#connection')).toHaveText('live');
  expect(await openStreams(stack)).toBe(1);
  // Each window receives later events.
  const clocks = await Promise.all(pages.map((page) => page.locator('#clock').textContent()));
  for (const [index, page] of pages.entries()) await expect(page.locator('#clock')).not.toHaveText(clocks[index] ?? '');
  await pages[0]?.close();
  const last = pages.at(-1)!;
  const before = (await last.locator('#clock').textContent()) ?? '';
  await expect(last.locator('#clock')).not.toHaveText(before);
  await expect.poll(() => openStreams(stack)).toBe(1);
  await expect(last.locator('#connection')).toHaveText('live');
});

test('sixty firing alerts fit one screen, grouped by name', async ({ page, stack }) => {
  const alert = (index: number) => ({
    status: 'firing',
    fingerprint: `f${index}`,
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    labels: { alertname: index % 2 === 0 ? 'HighLatency' : 'ServiceDown', severity: 'critical', job: `service-${index}` },
    annotations: { summary: 'A long summary of the error, '.repeat(10), description: 'details' },
  });
  await page.setViewportSize({ width: 1_280, height: 800 });
  await page.goto(stack.dashboard.url);
  const alerts = Array.from({ length: 60 }, (_, index) => alert(index));
  const body = JSON.stringify({ version: '4', groupKey: 'g', receiver: 'r', status: 'firing', alerts });
  const posted = await fetch(`${stack.dashboard.url}/api/alerts`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  expect(posted.ok).toBe(true);
  const panel = page.getByRole('region', { name: 'Alerts' });
  await expect(panel.locator('#firing .alert')).toHaveCount(3);
  await expect(panel).toContainText('60 firing');
  await expect(page).toHaveTitle(/60 firing/);
  expect((await panel.boundingBox())?.height).toBeLessThan(800);
  await panel.locator('#more > summary').click();
  await expect(panel.locator('.alert:visible')).toHaveCount(60);
});

base('a signed-in browser opens the debug page, but not a browser without a session', async ({ page }) => {
  const stack = await Stack.start({ key: 'open-sesame' });
  const debugPage = `${stack.dashboard.url}/debug`;
  expect((await page.goto(debugPage))?.status()).toBe(401);
  await page.goto(stack.dashboard.url);
  await page.getByLabel('Key', { exact: true }).fill('open-sesame');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('#headline')).toHaveText(/of 3/);
  await page.getByRole('link', { name: 'Debug' }).click();
  await expect(page).toHaveTitle('✓ dashboard-service: debug');
  await expect(page.getByRole('table', { name: 'Upstreams' })).toContainText('closed');
  await expect(page.getByRole('table', { name: 'Requests in flight' })).toContainText('/api/events');
  await expect(page.getByRole('region', { name: 'Settings' })).toContainText('(secret)');
  // The page has read-only access.
  const change = await page.evaluate(async () => (await fetch('/debug/log-level', { method: 'PUT', body: '{"level":"debug"}' })).status);
  expect(change).toBe(403);
  await stack.stop();
});
