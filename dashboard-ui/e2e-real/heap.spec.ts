// SPDX-License-Identifier: BSL-1.0
import type { Page } from '@playwright/test';
import { readEvents, type ServerEvent } from './events.ts';
import { expect, test } from './fixtures.ts';
import type { Program } from './programs.ts';

interface RecordedEvent extends ServerEvent {
  /** Milliseconds since the start of the recording. */
  readonly at: number;
}

/** The length of the replayed recording: a multiple of all event intervals of the server. */
const recordingMs = 6_000;

/** Records the events of the server for `recordingMs`. */
async function record(dashboard: Program): Promise<RecordedEvent[]> {
  const response = await fetch(`${dashboard.url}/api/events`);
  const events: RecordedEvent[] = [];
  const start = Date.now();
  for await (const event of readEvents(response)) {
    const at = Date.now() - start;
    if (at >= recordingMs) break;
    events.push({ ...event, at });
  }
  return events;
}

/**
 * Replaces the clock and the timers of the page: `advance` runs all expired timers, much faster than real time.
 * (Playwright's clock waits for some milliseconds at each timer.)
 */
async function installClock(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const timers = new Map<number, { at: number; every: number | null; run: () => void }>();
    const start = Date.now();
    let now = 0;
    let last = 0;
    const add = (run: () => void, delay: number, every: number | null): number => {
      timers.set(++last, { at: now + delay, every, run });
      return last;
    };
    const remove = (id: number): boolean => timers.delete(id);
    const advance = (milliseconds: number): void => {
      const end = now + milliseconds;
      for (;;) {
        const [id, next] = [...timers].reduce((a, b) => (b[1].at < a[1].at ? b : a), [0, { at: Infinity, every: null, run: () => {} }]);
        if (next.at > end) break;
        now = next.at;
        if (next.every === null) timers.delete(id);
        else next.at += next.every;
        next.run();
      }
      now = end;
    };
    performance.now = () => now;
    Date.now = () => start + now;
    Object.assign(window, {
      advance,
      setTimeout: (run: () => void, delay = 0) => add(run, delay, null),
      setInterval: (run: () => void, every: number) => add(run, every, every),
      requestAnimationFrame: (run: (at: number) => void) => add(() => run(now), 16, null),
      clearTimeout: remove,
      clearInterval: remove,
      cancelAnimationFrame: remove,
    });
  });
}

/** Replaces `EventSource` with a class that repeats the recorded events with later times. */
async function replay(page: Page, events: readonly RecordedEvent[]): Promise<void> {
  await page.addInitScript(({ recordedEvents, cycleMs }) => {
    let cycle = 0;
    class ReplayedEventSource extends EventTarget {
      readyState = 1;
      readonly timer = setInterval(() => play(this), cycleMs);
      constructor() {
        super();
        setTimeout(() => play(this), 0);
      }
      close(): void {
        clearInterval(this.timer);
      }
    }
    const play = (source: EventTarget): void => {
      const shift = cycleMs * cycle++;
      if (shift === 0) source.dispatchEvent(new MessageEvent('open'));
      for (const { type, data, at } of recordedEvents) setTimeout(() => source.dispatchEvent(new MessageEvent(type, { data: shiftTimes(data, shift) })), at);
    };
    const shiftTimes = (data: string, by: number): string => {
      const body = JSON.parse(data) as Record<string, unknown>;
      if (typeof body['poll'] === 'number') body['poll'] += by;
      if (typeof body['at_ms'] === 'number') body['at_ms'] += by;
      if (typeof body['now_ms'] === 'number') {
        body['now_ms'] += by;
        for (const column of Object.values(body['services'] as Record<string, { at_ms: number }[]>).flat()) column.at_ms += by;
      }
      if (typeof body['started_at'] === 'string') body['started_at'] = new Date(Date.parse(body['started_at']) + by).toISOString();
      if (typeof body['trace_id'] === 'string') body['trace_id'] = by.toString(16).padStart(8, '0') + body['trace_id'].slice(8);
      return JSON.stringify(body);
    };
    Object.assign(window, { EventSource: ReplayedEventSource });
    // Without locks, the page opens its own connection instead of sharing one.
    Reflect.deleteProperty(Navigator.prototype, 'locks');
  }, { recordedEvents: events, cycleMs: recordingMs });
}

test('an hour of events increases the heap of the page by at most 0.2 MB', async ({ page, stack }) => {
  // The simulation of 78 minutes of events takes several minutes on a busy machine.
  test.setTimeout(400_000);
  await installClock(page);
  await replay(page, await record(stack.dashboard));
  await page.goto(stack.dashboard.url);
  const session = await page.context().newCDPSession(page);
  const measureHeap = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  const minutes = async (count: number): Promise<void> => {
    for (let i = 0; i < count; ++i) await page.evaluate(() => (window as unknown as { advance: (ms: number) => void }).advance(60_000));
  };
  // Fills the history of the charts, 15 minutes, before the first measurement.
  await minutes(18);
  await expect(page.locator('#connection')).toHaveText('live');
  const before = await measureHeap();
  await minutes(60);
  const after = await measureHeap();
  await expect(page.locator('#connection')).toHaveText('live');
  await expect(page.locator('#headline')).toHaveText(/^3 of 3 in time/);
  expect(after - before).toBeLessThanOrEqual(200_000);
});
