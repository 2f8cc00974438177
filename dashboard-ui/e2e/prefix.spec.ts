// SPDX-License-Identifier: BSL-1.0
import { alertBody, alertsBody } from '../test/samples/bodies.ts';
import { FakeDashboard } from './fake-dashboard.ts';
import { expect, test } from './fixtures.ts';

for (const prefix of ['/cohort', '/a/b.c', '/%C3%BC']) {
  test(`the page works behind the path prefix ${prefix}`, async ({ page, files, context }) => {
    const dashboard = new FakeDashboard(files, prefix);
    dashboard.key = 'open sesame';
    dashboard.alerts = alertsBody([alertBody]);
    await dashboard.start();
    await page.goto(dashboard.url);
    await page.getByLabel('Key', { exact: true }).fill('open sesame');
    await page.keyboard.press('Enter');
    await expect(page.locator('#connection')).toHaveText('live');
    await expect(page.getByRole('region', { name: 'Weather' })).toContainText('21 °C');
    expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe('0px');

    const opening = context.waitForEvent('page');
    await page.getByRole('link', { name: /Runbook for/ }).click();
    const runbook = await opening;
    await expect(runbook).toHaveURL(`${dashboard.url}runbook#servicedown`);
    await expect(runbook.getByRole('region', { name: 'ServiceDown' })).toBeInViewport();
    await runbook.getByRole('link', { name: 'Dashboard' }).click();
    await expect(runbook).toHaveURL(dashboard.url);
    await dashboard.stop();
  });
}
