// SPDX-License-Identifier: BSL-1.0
import type { Page } from '@playwright/test';
import { alertBody, alertsBody, resolvedBody, silentBody, timeBody, unknownBody, warningBody } from '../test/samples/bodies.ts';
import { expect, test } from './fixtures.ts';

const alertsPanel = (page: Page) => page.getByRole('region', { name: 'Alerts' });
const firingAlerts = (page: Page) => alertsPanel(page).getByRole('list', { name: 'Firing alerts' }).getByRole('listitem');

test('without a signal from monitoring, the state is unknown', async ({ page, dashboard }) => {
  await dashboard.open(page);
  await expect(alertsPanel(page)).toContainText('No signal from monitoring yet.');
  await expect(alertsPanel(page).locator('.badge')).toHaveText('no signal');
  await expect(alertsPanel(page).locator('.badge')).toHaveAttribute('data-tone', 'idle');
  await expect(firingAlerts(page)).toHaveCount(0);
  await expect(alertsPanel(page).getByText('Resolved recently')).toBeHidden();
  await page.clock.runFor(2_000);
  await expect(page.getByRole('status')).toBeEmpty();
});

test('without firing alerts, the page shows the age of the last signal from monitoring', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody();
  await dashboard.open(page);
  await expect(alertsPanel(page)).toContainText('No alerts firing · last signal from monitoring 12 s ago');
  await expect(alertsPanel(page).locator('.badge')).toHaveText('none firing');
  await page.clock.runFor(2_000);
  await expect(alertsPanel(page)).toContainText('last signal from monitoring 14 s ago');
  const box = await alertsPanel(page).boundingBox();
  expect(box?.height).toBeLessThan(100);
});

test('a firing alert is shown with its details and announced', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([alertBody, warningBody]);
  await dashboard.open(page);
  await expect(alertsPanel(page).locator('.panel-head .badge')).toHaveText('2 firing');
  await expect(firingAlerts(page)).toHaveCount(2);
  const first = firingAlerts(page).first();
  await expect(first.getByRole('heading', { level: 3 })).toHaveText('ServiceDown');
  await expect(first.locator('.badge')).toHaveText('critical');
  await expect(first.locator('.badge use')).toHaveAttribute('href', '#icon-critical');
  await expect(first).toContainText('weather-service is down');
  await expect(first).toContainText('for 2 min, since 2025-03-09');
  await expect(first.locator('time')).toHaveAttribute('datetime', '2025-03-09T12:03:06Z');
  await expect(firingAlerts(page).nth(1).locator('.badge use')).toHaveAttribute('href', '#icon-warning');

  const link = first.getByRole('link', { name: 'Runbook for ServiceDown, in a new tab' });
  await expect(link).toHaveAttribute('href', 'runbook#servicedown');
  await expect(link).toHaveAttribute('rel', 'noopener');

  await expect(first.getByText('Prometheus got no response')).toBeHidden();
  await first.getByText('Details').click();
  await expect(first.getByText('Prometheus got no response')).toBeVisible();
  await expect(first.getByText('alertname')).toBeVisible();

  await page.clock.runFor(1_000);
  await expect(page.getByRole('status')).toHaveText(
    'Alert firing: ServiceDown, weather-service, critical. Alert firing: LowCacheHitRate, weather-service, warning.',
  );
});

test('opened details stay open when other alerts are inserted', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([warningBody]);
  await dashboard.open(page);
  const opened = firingAlerts(page).filter({ hasText: 'LowCacheHitRate' });
  await opened.getByText('Details').click();
  dashboard.send('alerts', alertsBody([alertBody, { ...warningBody, summary: 'changed' }]));
  await expect(firingAlerts(page)).toHaveCount(2);
  await expect(firingAlerts(page).first()).toContainText('ServiceDown');
  await expect(opened).toContainText('changed');
  await expect(opened.locator('details')).toHaveAttribute('open', '');
  await expect(firingAlerts(page).first().locator('details')).not.toHaveAttribute('open', '');
});

test('a resolved alert moves to the collapsed list and is announced', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([alertBody]);
  await dashboard.open(page);
  await expect(firingAlerts(page)).toHaveCount(1);
  await page.clock.runFor(1_000);
  dashboard.send('alerts', alertsBody([], [resolvedBody]));
  await expect(firingAlerts(page)).toHaveCount(0);
  await expect(alertsPanel(page).locator('.panel-head .badge')).toHaveText('none firing');
  const list = alertsPanel(page).getByRole('list', { name: 'Resolved alerts' });
  await expect(list).toBeHidden();
  await alertsPanel(page).getByText('Resolved recently (1)').click();
  await expect(list.getByRole('listitem')).toContainText('for 2 min, until 2025-03-09');
  await page.clock.runFor(1_000);
  await expect(page.getByRole('status')).toHaveText('Alert resolved: ServiceDown, weather-service, critical.');
});

test('the page shows and announces a missing signal from monitoring, with and without alerts', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody();
  await dashboard.open(page);
  await page.clock.runFor(1_000);
  dashboard.send('alerts', silentBody());
  await expect(alertsPanel(page)).toContainText('No signal from monitoring for 4 min: new alerts are not detected');
  await expect(alertsPanel(page).locator('.badge')).toHaveText('silent');
  await expect(alertsPanel(page).locator('.badge')).toHaveAttribute('data-tone', 'bad');
  await page.clock.runFor(1_000);
  await expect(page.getByRole('status')).toHaveText('Monitoring: silent.');
  dashboard.send('alerts', silentBody([{ ...alertBody, stale: true }]));
  await expect(alertsPanel(page)).toContainText('No signal from monitoring for 4 min: this list may be incomplete.');
  await expect(firingAlerts(page)).toContainText('Not confirmed for 15 minutes');
  dashboard.send('alerts', alertsBody());
  await expect(alertsPanel(page)).toContainText('No alerts firing');
  await page.clock.runFor(1_000);
  await expect(page.getByRole('status')).toContainText('Monitoring: ok.');
});

test('alerts are dimmed while there are no events, until the page reconnects', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([alertBody]);
  await dashboard.open(page);
  await expect(firingAlerts(page)).toHaveCount(1);
  await page.clock.runFor(4_000);
  await expect(alertsPanel(page)).toHaveClass(/dimmed/);
  await expect(alertsPanel(page).locator('.panel-head .badge')).toHaveText('stale');
  await expect(alertsPanel(page)).toContainText('No data from the server.');
  await expect(alertsPanel(page)).toContainText('updated 4 s ago');
  await expect(firingAlerts(page)).toContainText('ServiceDown');
  dashboard.send('time', timeBody);
  await expect(alertsPanel(page)).not.toHaveClass(/dimmed/);

  await dashboard.stop();
  await expect(page.locator('#connection')).toHaveText(/reconnecting/);
  await page.clock.runFor(4_000);
  await expect(alertsPanel(page)).toHaveClass(/dimmed/);
  dashboard.alerts = alertsBody([], [resolvedBody]);
  await dashboard.start();
  await expect(async () => {
    await page.clock.runFor(1_000);
    expect(dashboard.openStreamCount).toBe(1);
  }).toPass({ intervals: [20] });
  await expect(alertsPanel(page)).toContainText('No alerts firing');
  await expect(alertsPanel(page)).not.toHaveClass(/dimmed/);
});

test('alerts are hidden after the end of a session', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([alertBody]);
  await dashboard.open(page);
  await expect(firingAlerts(page)).toHaveCount(1);
  dashboard.key = 'another';
  dashboard.shutDown();
  await page.clock.runFor(1_000);
  await expect(page.getByLabel('Key', { exact: true })).toBeVisible();
  await expect(page.locator('#alerts')).toBeHidden();
  await expect(page.locator('#firing li')).toHaveCount(0);
});

test('the text of an alert is escaped, and only http links are kept', async ({ page, dashboard }) => {
  const maliciousText = '<img src=x onerror=alert(1)>';
  const maliciousAlert = {
    name: maliciousText,
    severity: maliciousText,
    service: maliciousText,
    summary: maliciousText,
    description: `${maliciousText}</template><script>alert(1)</script>`,
    runbook_url: 'javascript:alert(1)',
    starts_at: maliciousText,
    for_seconds: 'soon',
    fingerprint: '"><img src=x>',
    labels: { [maliciousText]: maliciousText, __proto__x: {} },
  };
  dashboard.alerts = { ...alertsBody([maliciousAlert, { ...maliciousAlert, runbook_url: 'https://wiki.example/x', fingerprint: 'b' }]) };
  await dashboard.open(page);
  await expect(firingAlerts(page)).toHaveCount(2);
  await expect(firingAlerts(page).first().getByRole('heading')).toHaveText(maliciousText);
  await expect(firingAlerts(page).first().getByRole('link')).toHaveCount(0);
  await expect(firingAlerts(page).nth(1).getByRole('link')).toHaveAttribute('href', 'https://wiki.example/x');
  await expect(page.locator('img')).toHaveCount(0);
  await expect(page.locator('[href^="javascript"]')).toHaveCount(0);
  // The browser does not execute this script element, because it contains JSON: the initial values.
  await expect(page.locator('script:not([type="application/json"])')).toHaveCount(1);
});

test('a malformed event is reported and does not change the values', async ({ page, dashboard }) => {
  dashboard.alerts = alertsBody([alertBody]);
  await dashboard.open(page);
  await expect(firingAlerts(page)).toHaveCount(1);
  dashboard.send('alerts', { firing: [] });
  await expect(page.getByText('Ignored a malformed “alerts” event')).toBeVisible();
  await expect(firingAlerts(page)).toHaveCount(1);
  dashboard.send('alerts', unknownBody);
  await expect(page.getByText('Ignored a malformed')).toBeHidden();
});

for (const scheme of ['light', 'dark'] as const) {
  test(`long text fits a narrow screen in ${scheme} mode`, async ({ page, dashboard }) => {
    const long = 'Donaudampfschifffahrtsgesellschaft'.repeat(12);
    dashboard.alerts = silentBody([
      { ...alertBody, name: long, service: long, severity: long, summary: long, description: long, labels: { [long]: long } },
      warningBody,
    ]);
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 320, height: 640 });
    await dashboard.open(page);
    await expect(firingAlerts(page)).toHaveCount(2);
    await firingAlerts(page).first().getByText('Details').click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  });
}

test('the runbook opens at the section that an alert links to', async ({ page, dashboard, context }) => {
  dashboard.alerts = alertsBody([alertBody]);
  await dashboard.open(page);
  const pagePromise = context.waitForEvent('page');
  await firingAlerts(page).getByRole('link', { name: /Runbook/ }).click();
  const runbook = await pagePromise;
  await expect(runbook).toHaveURL(`${dashboard.url}runbook#servicedown`);
  await expect(runbook.getByRole('heading', { level: 1 })).toBeVisible();
  const section = runbook.getByRole('region', { name: 'ServiceDown' });
  await expect(section).toBeInViewport();
  expect(await section.evaluate((element) => element.matches(':target'))).toBe(true);
  expect(await section.evaluate((element) => getComputedStyle(element).boxShadow)).not.toBe('none');
});

test('the runbook has a table of contents and fits a narrow screen', async ({ page, dashboard }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${dashboard.url}runbook`);
  const contents = page.getByRole('navigation', { name: 'Contents' });
  expect(await contents.getByRole('link').count()).toBe(await page.locator('section').count());
  await contents.getByRole('link', { name: 'ServiceDown', exact: true }).click();
  await expect(page.locator('#servicedown')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  expect(await page.locator('style, script, [style]').count()).toBe(0);
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await expect(page).toHaveURL(dashboard.url);
});
