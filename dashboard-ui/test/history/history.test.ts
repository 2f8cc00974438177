// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { bucketCount, bucketMs, History, historyMs, parseHistoryEvent, percentile } from '../../src/history/history.ts';
import { cpuLoad, usedMemory, toCacheTrend, toHistoryTable, toUtilizationTrend } from '../../src/history/history-view.ts';
import { parseAggregateEvent } from '../../src/parse.ts';
import { aggregateBody, systemBody } from '../samples/bodies.ts';
import { columnAt, historyBody, type SampleColumn } from '../samples/history.ts';

function parsed(now: number, weather: readonly SampleColumn[]) {
  const update = parseHistoryEvent(JSON.stringify(historyBody(now, { weather })));
  if (update === null) throw new Error('malformed');
  return update;
}

/** A history whose server has the same clock as the page. */
function historyOf(now: number, weather: readonly SampleColumn[]): History {
  const history = new History();
  history.merge(parsed(now, weather), now);
  return history;
}

function counts(history: History, now: number): number[] {
  return history.buckets('weather_service', now).map(({ calls }) => calls);
}

test('percentiles are observed values', () => {
  const values = Array.from({ length: 100 }, (_, index): [number, number] => [100 - index, 1]);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([[7, 1]], 0.5), percentile([], 0.5)]).toEqual([50, 99, 7, null]);
  expect(percentile([[5_000, 1], [10, 99]], 0.99)).toBe(10);
  expect(percentile([[5_000, 2], [10, 98]], 0.99)).toBe(5_000);
});

describe('History', () => {
  const now = 100 * bucketMs + 5_000;
  const first = columnAt(now - 2 * bucketMs, { calls: 4 });
  const second = columnAt(now - bucketMs, { calls: 5, failed: 5, open: 5, latencies: [] });

  test('the history has a column for each 15 s, and gaps for periods without calls', () => {
    const history = historyOf(now, [first, second]);
    const buckets = history.buckets('weather_service', now);
    expect(buckets.length).toBe(bucketCount);
    expect(buckets.at(-3)).toEqual({ calls: 4, p50: 41.17, p99: 41.17, failed: 0, open: false });
    expect(buckets.at(-2)).toEqual({ calls: 5, p50: null, p99: null, failed: 5, open: true });
    expect(buckets.at(-1)).toEqual({ calls: 0, p50: null, p99: null, failed: 0, open: false });
    expect(counts(new History(), now).every((calls) => calls === 0)).toBe(true);
  });

  test('the history merges parts in any order without counting a call twice', () => {
    const current = columnAt(now, { calls: 2 });
    const later = columnAt(now, { calls: 3 });
    const parts = [[first, second], [second, current], [later], [first, second, current]];
    for (const order of [parts, [...parts].reverse(), [...parts, ...parts]]) {
      const history = new History();
      for (const part of order) history.merge(parsed(now, part), now);
      expect(counts(history, now).slice(-4)).toEqual([0, 4, 5, 3]);
    }
  });

  test('the history keeps its columns when the server restarts', () => {
    const history = historyOf(now, [first, second]);
    history.merge(parsed(now, [{ ...second, calls: 1 }, columnAt(now, { calls: 1 })]), now);
    expect(counts(history, now).slice(-3)).toEqual([4, 5, 1]);
  });

  test('the history uses the clock of the server for the columns, and the clock of the page for the text', () => {
    const ahead = 3 * 3_600_000 + 20;
    const history = new History();
    history.merge(parsed(now + ahead, [columnAt(now + ahead)]), now);
    expect(counts(history, now).at(-1)).toBe(10);
    expect(counts(history, now + bucketMs).slice(-2)).toEqual([10, 0]);
    const at = Date.UTC(2025, 2, 9, 12, 5, 30);
    history.merge(parsed(at + ahead, [columnAt(at + ahead)]), at);
    expect(toHistoryTable('weather', history, at).rows[0]?.[0]).toMatch(/:05$/);
  });

  test('the history covers 15 minutes, with bounded memory', () => {
    const history = new History();
    for (let at = 0; at < 2 * historyMs; at += bucketMs) history.merge(parsed(at, [columnAt(at)]), at);
    const end = 2 * historyMs - 1;
    expect(counts(history, end)).toEqual(Array.from({ length: bucketCount }, () => 10));
    expect(counts(history, end + historyMs).every((calls) => calls === 0)).toBe(true);
    // After a jump of the server's clock, columns with times in the future are removed.
    history.merge(parsed(now, [columnAt(now)]), now);
    expect(counts(history, now).at(-1)).toBe(10);
    expect(counts(history, end).reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(bucketCount * 10);
    history.clear();
    expect(history.summary('weather_service', now).failureRatio).toBeNull();
  });

  test('the history has the rate of the last full minute, and the percentiles and failures of 15 minutes', () => {
    const columns = Array.from({ length: 10 }, (_, index) => columnAt(now - index * bucketMs, index === 9 ? { calls: 1_000 } : { failed: 1 }));
    const summary = historyOf(now, columns).summary('weather_service', now);
    expect(summary).toMatchObject({ p50: 41.17, p99: 41.17 });
    expect(summary.perSecond).toBeCloseTo(10 / 15);
    expect(summary.failureRatio).toBeCloseTo(9 / 1_090);
    // An incomplete column has no rate.
    expect(historyOf(now, [columnAt(now)]).summary('weather_service', now).perSecond).toBeNull();
    expect(historyOf(now, [first, columnAt(now)]).summary('weather_service', now + 60_000).perSecond).toBeCloseTo(10 / 60);
  });
});

describe('parseHistoryEvent', () => {
  test.each(['', '[]', '{}', '{"now_ms":"1","services":{}}', '{"now_ms":1,"services":[]}', '{"now_ms":1}'])('an invalid history event is rejected: %s', (text) => {
    expect(parseHistoryEvent(text)).toBeNull();
  });

  test('unknown services and invalid values of a history event are ignored, and the length of lists is limited', () => {
    const column = { at_ms: 0, calls: -3, failed: 'x', latencies: [[1], ['1', 2], null, [-1, 1], [5, 0], [2, 3]], cpu: { count: 0, mean: 1 }, memory: { count: 1 }, cached: 7 };
    const weather = [...Array.from({ length: 500 }, () => columnAt(0)), null, 1, {}, column];
    const update = parseHistoryEvent(JSON.stringify({ now_ms: 1, services: { weather_service: weather, time_service: 3, other: [] } }));
    const columns = update?.services.get('weather_service');
    expect(columns?.length).toBeLessThanOrEqual(bucketCount);
    const none = { count: 0, mean: null };
    expect(columns?.at(-1)).toEqual({ number: 0, calls: 0, failed: 0, open: 0, latencies: [[2, 3]], means: { cpu: none, memory: none, cached: none } });
    expect([...(update?.services.keys() ?? [])]).toEqual(['weather_service']);
  });
});

describe('means', () => {
  const mean = (count: number, value: number) => ({ count, mean: value });

  test('means are calculated for columns of 15 s, or of a multiple of 15 s', () => {
    const start = 4 * bucketMs;
    const history = historyOf(start + bucketMs, [columnAt(start, { cached: mean(3, 1) }), columnAt(start + bucketMs, { cached: mean(1, 0) })]);
    const columns = history.means('weather_service', 'cached', start + bucketMs);
    expect(columns.length).toBe(bucketCount);
    expect(columns.slice(-3)).toEqual([{ count: 0, mean: null }, mean(3, 1), mean(1, 0)]);
    expect(history.means('weather_service', 'cached', start + bucketMs, 4 * bucketMs).at(-1)).toEqual(mean(4, 0.75));
    expect(history.means('weather_service', 'cpu', start).every(({ count }) => count === 0)).toBe(true);
  });

  test('the caption of a utilization chart has the last and the highest value', () => {
    expect(toUtilizationTrend('CPU load', [], 0.5)).toMatchObject({ value: '–', description: 'CPU load, last 15 minutes: no values yet.' });
    expect(toUtilizationTrend('CPU load', [mean(2, 2), mean(1, 0.06), { count: 0, mean: null }], null)).toMatchObject({
      value: '6 %',
      description: 'CPU load, last 15 minutes: now 6 %, highest 200 %.',
    });
    expect(toUtilizationTrend('CPU load', [mean(2, 2), mean(1, 0.06)], 0.5).value).toBe('50 %');
  });

  test('a utilization chart has the current value of a report if the report is complete', () => {
    const systemOf = (changes: object) => parseAggregateEvent(JSON.stringify({ ...aggregateBody, sysinfo_service: { ...systemBody, ...changes } }))?.system.value ?? null;
    expect([cpuLoad(systemOf({})), usedMemory(systemOf({}))]).toEqual([0.5 / 8, 0.532]);
    expect([cpuLoad(systemOf({ cpu_count: 0 })), usedMemory(systemOf({ memory_percent: '53' }))]).toEqual([null, null]);
    expect([cpuLoad(systemOf({ load_average: [1] })), cpuLoad(null), usedMemory(null)]).toEqual([null, null, null]);
  });

  test('the caption of the cache chart has the share and the number of cached reports', () => {
    expect(toCacheTrend([])).toMatchObject({ value: '–', description: 'Weather reports from the cache, last 15 minutes: no values yet.' });
    expect(toCacheTrend([mean(1, 0), { count: 0, mean: null }, mean(299, 1)])).toMatchObject({
      value: '>99 % of 300 reports',
      description: 'Weather reports from the cache, last 15 minutes: 299 of 300.',
    });
  });
});

test('the table of the history has a row for each minute with values, newest first', () => {
  const start = Date.UTC(2025, 2, 9, 12, 5);
  const now = start + 130_000;
  const history = historyOf(now, [
    columnAt(start, { calls: 1, latencies: [[41.17, 1]], cached: { count: 2, mean: 0.5 } }),
    columnAt(start + 30_000, { calls: 1, failed: 1, open: 1, latencies: [] }),
    columnAt(start + 120_000, { calls: 1, latencies: [[12, 1]], cached: { count: 1, mean: 1 } }),
  ]);
  const { head, rows } = toHistoryTable('weather', history, now);
  expect(head).toEqual(['Minute', 'Calls', 'Failed', 'p50', 'p99', 'Breaker', 'From cache']);
  expect(rows.map((row) => row.slice(1))).toEqual([
    ['1', '0', '12 ms', '12 ms', 'closed', '100 %'],
    ['2', '1', '41 ms', '41 ms', 'open', '50 %'],
  ]);
  expect(rows[1]?.[0]).toMatch(/^\d\d:05$/);
  expect(toHistoryTable('system', history, start).head.slice(-2)).toEqual(['CPU load', 'Memory']);
  expect(toHistoryTable('time', new History(), start).rows).toEqual([]);
});
