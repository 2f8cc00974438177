// SPDX-License-Identifier: BSL-1.0
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { readEvents } from '../e2e-real/events.ts';
import { Stack } from '../e2e-real/programs.ts';

// Takes the screenshots for the documentation from the page of the running programs. Requires img2webp (Debian package
// webp), Prometheus and Alertmanager.

let stack: Stack;
test.beforeEach(async () => {
  stack = await Stack.start();
});
let monitoring: ChildProcess | null = null;
test.afterEach(async () => {
  await stack.stop();
  if (monitoring === null) return;
  monitoring.kill('SIGTERM');
  await once(monitoring, 'exit');
  monitoring = null;
});

test('screenshots in both color schemes, with a request that was cancelled at its deadline', async ({ page }) => {
  await page.setViewportSize({ width: 1200, height: 900 });
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#strip .ok').nth(9)).toBeVisible({ timeout: 60_000 });
  await page.getByRole('slider', { name: 'Weather delay' }).fill('4500');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#experiment .status')).toHaveText(/^The deadline saved/, { timeout: 30_000 });
  // Pins a request of the live view that the fault delayed.
  await expect(page.locator('#strip .cut').first()).toBeAttached();
  await page.getByRole('button', { name: 'Pin' }).click();
  while ((await page.locator('#waterfall .saved-time').count()) === 0) await page.getByRole('button', { name: 'Previous request' }).click();
  for (const [colorScheme, name] of [['light', 'screenshot.png'], ['dark', 'screenshot-dark.png']] as const) {
    await page.emulateMedia({ colorScheme });
    // The selected request fades in.
    await page.screenshot({ path: name, fullPage: true, animations: 'disabled' });
  }
});

test('the alerts of an open circuit breaker, from Prometheus and Alertmanager', async ({ page }) => {
  test.setTimeout(300_000);
  monitoring = startMonitoring();
  await page.setViewportSize({ width: 1200, height: 900 });
  await page.goto(stack.dashboard.url);
  await expect(page.locator('#strip .ok').nth(9)).toBeVisible({ timeout: 60_000 });
  await stack.weather.inject({ error_percent: 100 });
  await expect(page.getByRole('heading', { name: 'CircuitBreakerOpen' })).toBeVisible({ timeout: 200_000 });
  await expect(page.locator('#map .link.service[data-state=open]')).toHaveCount(1, { timeout: 20_000 });
  await expect(page.locator('#headline')).toHaveText(/weather breaker open$/, { timeout: 20_000 });
  await page.screenshot({ path: '../monitoring/alert.png', fullPage: true });
});

/** Starts Prometheus and Alertmanager for the stack, with the rules and routes of the project. */
function startMonitoring(): ChildProcess {
  const directory = mkdtempSync(join(tmpdir(), 'monitoring-'));
  const environment = {
    ...process.env,
    DASHBOARD_PORT: String(stack.dashboard.port),
    TIME_PORT: String(stack.time.port),
    SYSINFO_PORT: String(stack.system.port),
    WEATHER_PORT: String(stack.weather.port),
    SCRAPE_INTERVAL: '1s',
  };
  return spawn('../monitoring/run', [directory], { env: environment, stdio: 'inherit' });
}

/** Milliseconds between the frames of the animation, and around the experiment: 10 s with the experiment. */
const frameMs = 80;
const leadMs = 1_500;
const tailMs = 5_500;

test('an animation of an experiment: one of two bars ends at the deadline', async ({ page }) => {
  // The recorded events are replayed with a controlled clock, since a screenshot takes longer than a frame.
  const events = await measureExperiment();
  await page.setViewportSize({ width: 960, height: 3200 });
  await page.addInitScript(() => {
    const sources: EventTarget[] = [];
    class Replayed extends EventTarget {
      readyState = 1;
      constructor() {
        super();
        sources.push(this);
      }
      close(): void {}
    }
    const emit = (type: string, data: string) => sources.at(-1)?.dispatchEvent(new MessageEvent(type, { data }));
    Object.assign(window, { EventSource: Replayed, emit, sources });
  });
  await page.clock.install();
  await page.goto(stack.dashboard.url);
  // Waits until the script has opened its stream.
  await page.waitForFunction(() => (window as unknown as { sources: EventTarget[] }).sources.length > 0);
  await page.clock.pauseAt(Date.now() + 1_000);
  await emit(page, 'open', '');
  await emit(page, 'experiment', events.at(-1)?.data ?? '');
  await page.clock.runFor(1_000);
  await expect(page.locator('#experiment .measurements')).toBeVisible();
  // Waits until the panel has its final height.
  const clip = (await page.locator('#experiment').boundingBox()) ?? { x: 0, y: 0, width: 900, height: 500 };
  const frames: Buffer[] = [];
  const end = leadMs + (events.at(-1)?.at ?? 0);
  let next = 0;
  for (let at = 0; at <= end + frameMs; at += frameMs) {
    while (next < events.length && (events[next]?.at ?? 0) + leadMs <= at) await emit(page, 'experiment', events[next++]?.data ?? '');
    await page.clock.runFor(frameMs);
    frames.push(await page.screenshot({ clip, animations: 'disabled' }));
  }
  writeAnimation(frames, 'deadline.webp');
});

async function emit(page: Page, type: string, data: string): Promise<void> {
  await page.evaluate(([name, text]) => (window as unknown as { emit: (type: string, data: string) => void }).emit(name ?? '', text ?? ''), [type, data]);
}

interface TimedEvent {
  readonly at: number;
  readonly data: string;
}

/** The events of an experiment, with their milliseconds since its start. */
async function measureExperiment(): Promise<TimedEvent[]> {
  const stream = await fetch(`${stack.dashboard.url}/api/events`);
  const response = await fetch(`${stack.dashboard.url}/api/experiment`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(202);
  const events: TimedEvent[] = [];
  let start: number | null = null;
  for await (const { type, data } of readEvents(stream)) {
    if (type !== 'experiment' || !/"state":"(running|done|failed)"/.test(data)) continue;
    start ??= Date.now();
    events.push({ at: Date.now() - start, data });
    if (!data.includes('"state":"running"')) break;
  }
  return events;
}

/** Writes an animation that ends at the last frame. */
function writeAnimation(frames: readonly Buffer[], file: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'frames-'));
  const names = frames.flatMap((image, index) => {
    const name = join(directory, `${String(index).padStart(4, '0')}.png`);
    writeFileSync(name, image);
    return ['-d', String(index === frames.length - 1 ? tailMs : frameMs), name];
  });
  execFileSync('img2webp', ['-loop', '0', '-mixed', '-q', '60', '-m', '6', '-min_size', ...names, '-o', file]);
  rmSync(directory, { recursive: true });
}
