import { expect, test } from './fixtures.ts';

test.beforeEach(async ({ page, dashboard }) => {
  dashboard.key = 'open sesame';
  await page.goto(dashboard.url);
});

test('a server that wants a key is given one, once, and the page keeps none of it', async ({ page, dashboard, context }) => {
  const key = page.getByLabel('Key', { exact: true });
  await expect(key).toBeFocused();
  await expect(page.locator('#connection')).toHaveText('key needed');
  await expect(page.getByRole('region', { name: 'System' })).toBeHidden();
  await key.fill('open sesame');
  await key.press('Enter');
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(page.getByRole('region', { name: 'System' })).toBeVisible();
  await expect(key).toBeHidden();
  await expect(key).toHaveValue('');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  expect(await context.cookies()).toMatchObject([{ name: 'session', httpOnly: true }]);
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length, location.href])).toEqual([
    '',
    0,
    0,
    dashboard.url,
  ]);

  await page.reload();
  await expect(page.locator('#connection')).toHaveText('live');
});

for (const wrong of ['guess', 'schlüssel ✓']) {
  test(`the key “${wrong}” is refused and another may be tried`, async ({ page }) => {
    await page.getByLabel('Key', { exact: true }).fill(wrong);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.locator('.refusal')).toHaveText('Invalid API key');
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
  [503, 'The server could not check the key'],
] as const) {
  test(`an answer ${status} is not taken for a wrong key`, async ({ page, dashboard }) => {
    dashboard.sessionStatuses.push(status);
    await page.getByLabel('Key', { exact: true }).fill('open sesame');
    await page.keyboard.press('Enter');
    await expect(page.locator('.refusal')).toContainText(message);
  });
}

test('a session that ends takes the values off the page and asks for the key', async ({ page, dashboard }) => {
  await page.getByLabel('Key', { exact: true }).fill('open sesame');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-field=hostname]')).toHaveText('house');
  dashboard.key = 'another';
  dashboard.bye();
  await expect(page.locator('#connection')).toHaveText('reconnecting in 1 s');
  await page.clock.runFor(1_000);
  await expect(page.getByLabel('Key', { exact: true })).toBeVisible();
  await expect(page.locator('[data-field=hostname]')).toHaveText('N/A');
});
