// SPDX-License-Identifier: BSL-1.0
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, type Browser } from '@playwright/test';
import { Stack } from '../e2e-real/programs.ts';
import config from '../playwright.config.ts';

// Measures the Lighthouse scores of the page of the running programs. Lighthouse is not a dependency, because its
// packages (186 MB) are larger than all other packages together: npx loads this version.
const lighthouse = 'lighthouse@12.8.2';
const minScore = 98;
const categories = ['performance', 'accessibility', 'best-practices', 'seo'] as const;

interface Report {
  readonly categories: Readonly<Record<(typeof categories)[number], { readonly score: number }>>;
  readonly audits: Readonly<Record<string, { readonly numericValue?: number; readonly score: number | null; readonly title: string }>>;
}

const { executablePath = '' } = config.use?.launchOptions ?? {};

/**
 * Returns a report with Lighthouse's defaults: a phone on a slow network. `preferredColorScheme` of Chromium: 0 is
 * dark, 1 light.
 */
async function measure(url: string, scheme: 'dark' | 'light'): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'lighthouse-'));
  const file = join(directory, 'report.json');
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--blink-settings=preferredColorScheme=${scheme === 'dark' ? 0 : 1}`];
  const parameters = ['--yes', lighthouse, url, '--quiet', '--output=json', `--output-path=${file}`, `--chrome-flags=${flags.join(' ')}`];
  await promisify(execFile)('npx', parameters, { env: { ...process.env, CHROME_PATH: executablePath }, timeout: 240_000 });
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  rmSync(directory, { recursive: true });
  return report;
}

/**
 * Returns the time to the first paint in a browser without throttling, in milliseconds: the median of five loads, with
 * the files in the cache.
 */
async function measureFirstPaint(browser: Browser, url: string): Promise<number> {
  const page = await browser.newPage();
  const times: number[] = [];
  for (let i = 0; i < 5; ++i) {
    await page.goto(url, { waitUntil: 'load' });
    const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null);
    times.push((await paint.jsonValue()) ?? NaN);
  }
  await page.close();
  return times.sort((a, b) => a - b)[2] ?? NaN;
}

for (const scheme of ['light', 'dark'] as const) {
  test(`Lighthouse rates the page at ${minScore} or more in all categories, ${scheme}`, async ({ browser }) => {
    const stack = await Stack.start();
    const paint = await measureFirstPaint(browser, stack.dashboard.url);
    const report = await measure(stack.dashboard.url, scheme);
    await stack.stop();
    const scores = categories.map((name) => [name, Math.round(report.categories[name].score * 100)] as const);
    const audit = (name: string) => report.audits[name]?.numericValue ?? NaN;
    const failed = Object.values(report.audits).filter((one) => one.score === 0).map((one) => one.title);
    console.log(
      [
        `${scheme}: ${scores.map(([name, score]) => `${name} ${score}`).join(', ')}`,
        `first contentful paint ${paint.toFixed(0)} ms here, ${audit('first-contentful-paint').toFixed(0)} ms on a phone`,
        `layout shift ${audit('cumulative-layout-shift').toFixed(4)}, blocking time ${audit('total-blocking-time').toFixed(0)} ms`,
        ...failed,
      ].join('; '),
    );
    for (const [name, score] of scores) expect(score, name).toBeGreaterThanOrEqual(minScore);
    expect(audit('cumulative-layout-shift')).toBeLessThanOrEqual(0.01);
  });
}
