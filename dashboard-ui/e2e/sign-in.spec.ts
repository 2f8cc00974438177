// SPDX-License-Identifier: BSL-1.0
import { expect, test } from './fixtures.ts';

test.beforeEach(async ({ page, dashboard }) => {
  dashboard.key = 'open sesame';
  await page.goto(dashboard.url);
});

test('the page prompts for the API key and does not store it', async ({ page, dashboard, context }) => {
  const key = page.getByLabel('Key', { exact: true });
  await expect(key).toBeFocused();
  await expect(page.locator('#connection')).toHaveText('API key required');
  await expect(page.getByRole('region', { name: 'System' })).toBeHidden();
  await key.fill('open sesame');
  await key.press('Enter');
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(page.getByRole('region', { name: 'System' })).toBeVisible();
  await expect(key).toBeHidden();
  await expect(key).toHaveValue('');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  expect(await context.cookies()).toMatchObject([{ name: 'cohort_session', httpOnly: true }]);
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, location.href])).toEqual([
    '',
    0,
    0,
    dashboard.url,
  ]);

  await page.reload();
  await expect(page.locator('#connection')).toHaveText('live');
});

for (const invalid of ['guess', 'schlüssel ✓']) {
  test(`the key “${invalid}” is rejected, and a different key can be entered`, async ({ page }) => {
    await page.getByLabel('Key', { exact: true }).fill(invalid);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.locator('.error')).toHaveText('Invalid API key');
    await expect(page.getByRole('status')).toHaveText('Invalid API key');
    await expect(page.getByLabel('Key', { exact: true })).toBeFocused();
    await expect(page.getByLabel('Key', { exact: true })).toHaveValue('');
    await page.getByLabel('Key', { exact: true }).fill('open sesame');
    await page.keyboard.press('Enter');
    await expect(page.locator('#connection')).toHaveText('live');
  });
}

for (const [status, message] of [
  [429, 'Too many attempts'],
  [503, 'The server could not verify the key'],
] as const) {
  test(`a ${status} response is not shown as an invalid key`, async ({ page, dashboard }) => {
    dashboard.sessionStatuses.push(status);
    await page.getByLabel('Key', { exact: true }).fill('open sesame');
    await page.keyboard.press('Enter');
    await expect(page.locator('.error')).toContainText(message);
  });
}

test('after the end of a session the page hides its values and prompts for the key', async ({ page, dashboard }) => {
  await page.getByLabel('Key', { exact: true }).fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-field=hostname]')).toHaveText('host-1');
  dashboard.key = 'another';
  dashboard.shutDown();
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  await page.clock.runFor(1_000);
  await expect(page.getByLabel('Key', { exact: true })).toBeVisible();
  await expect(page.locator('[data-field=hostname]')).toHaveText('N/A');
});

test('signing out ends the session, hides the values and prompts for the key', async ({ page, context, dashboard }) => {
  const signOut = page.getByRole('button', { name: 'Sign out' });
  await expect(signOut).toBeHidden();
  await page.getByLabel('Key', { exact: true }).fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(signOut).toBeVisible();
  dashboard.sessionStatuses.push(503);
  await signOut.click();
  await expect(page.locator('#sign-out-error')).toContainText('could not end the session');
  await expect(page.locator('#connection')).toHaveText('live');
  await signOut.click();
  await expect(page.getByLabel('Key', { exact: true })).toBeFocused();
  await expect(page.locator('[data-field=hostname]')).toHaveText('N/A');
  await expect(signOut).toBeHidden();
  await expect(page.locator('#sign-out-error')).toBeHidden();
  expect(await context.cookies()).toEqual([]);
});

test('the session is renewed every five minutes', async ({ page, dashboard }) => {
  await page.getByLabel('Key', { exact: true }).fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  const before = dashboard.renewalCount;
  await page.clock.runFor(5 * 60_000);
  await expect.poll(() => dashboard.renewalCount).toBe(before + 1);
});
