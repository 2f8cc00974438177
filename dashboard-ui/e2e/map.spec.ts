// SPDX-License-Identifier: BSL-1.0
import { mapBody } from '../test/samples/maps.ts';
import { expect, test } from './fixtures.ts';

test('the map has an arrow for each upstream with rate, failures and breaker, and a table with the same values', async ({ page, dashboard }) => {
  dashboard.maps = [mapBody({ atMs: 0 }), mapBody({ atMs: 2_000, calls: 6, failures: 1, open: 1 })];
  await dashboard.open(page);
  const map = page.getByRole('region', { name: 'Service map' });
  const drawing = map.getByRole('img', { name: /^Service map\. dashboard to time: 3\/s, 0\.5 failures\/s · breaker open on 1 of 2 loops\./ });
  await expect(drawing).toBeVisible();
  await expect(drawing.locator('.node')).toHaveText(['dashboard', 'time', 'system', 'weather', 'wttr.in', 'open-meteo']);
  await expect(drawing.locator('.link.service[data-state=open] .switch')).toHaveCount(3);
  await map.getByText('Service map as a table').click();
  await expect(map.getByRole('row').nth(3)).toHaveText(['dashboard', 'weather', '3/s', '0.5/s', 'open on 1 of 2 loops', '0', '1', '6'].join(''));
});

test('a restart of the server resets the rates; the map is dimmed without events', async ({ page, dashboard }) => {
  await dashboard.open(page);
  const map = page.getByRole('region', { name: 'Service map' });
  await expect(map.locator('.summary')).toHaveText('4.5 calls/s');
  dashboard.send('map', mapBody({ atMs: 10, calls: 1 }));
  await expect(map.locator('.summary')).toHaveText('measuring');
  await expect(map.locator('.map')).not.toHaveClass(/dimmed/);
  await page.clock.runFor(4_000);
  await expect(map.locator('.map')).toHaveClass(/dimmed/);
});

for (const [width, height] of [[320, 700], [1_280, 800], [3_840, 2_160]] as const) {
  test(`the map keeps its height, and nothing overflows a window of ${width} pixels`, async ({ page, dashboard }) => {
    const maliciousText = '<img src=x onerror=alert(1)>'.repeat(100);
    dashboard.maps = [{ ...mapBody({ atMs: 0 }), weather: { providers: [{ name: maliciousText, requests: 1e300 }] } }];
    await page.setViewportSize({ width, height });
    await dashboard.open(page);
    await expect(page.locator('.map .node').last()).toContainText('<img src=x');
    await expect(page.locator('img')).toHaveCount(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const drawing = page.locator('.map');
    const before = (await drawing.boundingBox())?.height;
    dashboard.send('map', mapBody({ atMs: 2_000, calls: 3 }));
    await expect(drawing.locator('.node').last()).toHaveText('open-meteo');
    if (width > 900) expect((await drawing.boundingBox())?.height).toBe(before);
  });
}
