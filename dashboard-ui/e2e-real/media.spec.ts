// SPDX-License-Identifier: BSL-1.0
import type { Page } from '@playwright/test';
import { badge, expect, test } from './fixtures.ts';

async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(badge(page, 'Weather')).toHaveText('fresh');
  await expect(page.locator('.map .rate').first()).toHaveText(/\/s$/);
}

for (const [width, height] of [[320, 800], [3_840, 2_160]] as const) {
  test(`nothing overflows a window of ${width} pixels, with all details open`, async ({ page, stack }) => {
    await page.setViewportSize({ width, height });
    await openPage(page, stack.dashboard.url);
    await page.locator('details:visible > summary').evaluateAll((summaries) => summaries.forEach((summary) => (summary as HTMLElement).click()));
    await expect(page.locator('#map table')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    // The text is larger on very large screens.
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    expect(size).toBe(width > 3_600 ? 36 : 16);
  });
}

test('the printed page has the values and no controls, on at most two sheets', async ({ page, stack }) => {
  await openPage(page, stack.dashboard.url);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const control of ['#theme', '#pause', '#pin', '#previous', '#experiment button']) await expect(page.locator(control)).toBeHidden();
  for (const value of ['#clock', '#headline', '#weather .fact', '#waterfall .lane', '#map .node']) await expect(page.locator(value).first()).toBeVisible();
  // Printed pages have a white background.
  expect(await page.evaluate(() => getComputedStyle(document.querySelector('.panel')!).backgroundColor)).toBe('rgb(255, 255, 255)');
  const sheets = (await page.pdf({ format: 'A4' })).toString('latin1');
  expect(sheets.match(/\/Type\s*\/Page\b/g)?.length).toBeLessThanOrEqual(2);
});

test('the cancellation of a call at its deadline is animated, except with reduced motion', async ({ page, stack }) => {
  await openPage(page, stack.dashboard.url);
  await stack.weather.inject({ hang_percent: 100 });
  expect(await countDeadlineAnimations(page)).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  expect(await countDeadlineAnimations(page)).toBe(0);
});

/** Returns the number of animations when the page shows the next request that exceeded its deadline. */
async function countDeadlineAnimations(page: Page): Promise<number> {
  const before = await page.locator('#trace').textContent();
  const found = await page.waitForFunction((trace) => {
    const isNext = document.querySelector('#trace')?.textContent !== trace && document.querySelector('.snap .saved-time') !== null;
    return isNext ? { count: document.getAnimations().length } : null;
  }, before);
  return (await found.jsonValue())?.count ?? NaN;
}

test('with forced colors, the drawings use system colors', async ({ page, stack }) => {
  await openPage(page, stack.dashboard.url);
  const fill = (selector: string) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).fill);
  const stroke = (selector: string) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).stroke);
  const before = [await fill('#waterfall .wait'), await stroke('#map .arrow line')];
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
  const text = await page.locator('h1').evaluate((element) => getComputedStyle(element).color);
  expect([await fill('#waterfall .wait'), await stroke('#map .arrow line')]).toEqual([text, text]);
  expect(before).not.toContain(text);
});
