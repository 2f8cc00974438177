// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { bucketCount, bucketMs, History, historyMs } from '../src/history.ts';
import { viewCache, viewHistoryTable, viewUse } from '../src/history-view.ts';
import { initialState, withAggregate, withPart } from '../src/page-state.ts';
import { parseAggregateEvent, parsePartEvent } from '../src/parse.ts';
import { parseRequestEvent } from '../src/request/request.ts';
import { Trend, Trends } from '../src/trends.ts';
import { aggregateBody, failedBody, systemBody, weatherBody } from './sample-bodies.ts';
import { openRequestBody, requestBody } from './sample-requests.ts';

function aggregate(changes: object = {}) {
  const parsed = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
  if (parsed === null) throw new Error('malformed');
  return withAggregate(initialState, parsed, 0);
}

function request(body: object) {
  const parsed = parseRequestEvent(JSON.stringify(body));
  if (parsed === null) throw new Error('malformed');
  return parsed;
}

/** The sums of the counts and the means of the columns that have values. */
function known(trend: Trend, now: number, width?: number) {
  return trend.means(now, width).filter(({ count }) => count > 0);
}

describe('Trend', () => {
  test('has the means of columns of 15 s, or of a multiple', () => {
    const trend = new Trend();
    trend.add(0.2, 1);
    trend.add(0.4, bucketMs - 1);
    trend.add(0.9, bucketMs);
    const columns = trend.means(bucketMs);
    expect(columns.length).toBe(bucketCount);
    expect(columns.at(-2)?.mean).toBeCloseTo(0.3);
    expect(columns.at(-1)).toEqual({ count: 1, mean: 0.9 });
    expect(columns.at(-3)).toEqual({ count: 0, mean: null });
    expect(trend.means(bucketMs, 4 * bucketMs).at(-1)?.mean).toBeCloseTo(0.5);
    expect(trend.latest).toBe(0.9);
  });

  test('covers 15 minutes, with bounded memory', () => {
    const trend = new Trend();
    for (let at = 0; at < 2 * historyMs; at += 100) trend.add(1, at);
    const columns = known(trend, 2 * historyMs - 1);
    expect(columns.length).toBe(bucketCount);
    expect(columns.every(({ count }) => count === bucketMs / 100)).toBe(true);
    expect(known(trend, 2 * historyMs + historyMs)).toEqual([]);
  });

  test('is empty after clear', () => {
    const trend = new Trend();
    trend.add(1, 0);
    trend.clear();
    expect([known(trend, 0), trend.latest]).toEqual([[], null]);
  });
});

describe('Trends', () => {
  test('take the CPU load, the memory and the cache of new values', () => {
    const trends = new Trends();
    const state = aggregate();
    trends.add(initialState, state, 0);
    // The values have not changed.
    trends.add(state, { ...state, malformed: 'map' }, 1);
    expect(known(trends.cpu, 1)).toEqual([{ count: 1, mean: 0.5 / 8 }]);
    expect(known(trends.memory, 1)).toEqual([{ count: 1, mean: 0.532 }]);
    expect(known(trends.cache, 1)).toEqual([{ count: 1, mean: 1 }]);
  });

  test('count each report once, a stale one as cached, and a failed call not at all', () => {
    const trends = new Trends();
    let state = initialState;
    const add = (weather_service: object, name = 'fresh') => {
      const meta = { weather_service: { state: name, elapsed_ms: 1, deadline_ms: 5000 } };
      const parsed = parsePartEvent(JSON.stringify({ poll: 1, weather_service, meta }));
      if (parsed === null) throw new Error('malformed');
      const before = state;
      state = withPart(state, parsed, 0);
      trends.add(before, state, 0);
    };
    add({ ...weatherBody, cached: false });
    add(weatherBody);
    add({ ...weatherBody, stale: true, error: 'timeout' }, 'stale');
    add(failedBody, 'timeout');
    add({ ...weatherBody, cached: 'yes' });
    expect(known(trends.cache, 0)).toEqual([{ count: 3, mean: 2 / 3 }]);
  });

  test('have no value for fields that are missing or of another type', () => {
    const trends = new Trends();
    trends.add(initialState, aggregate({ sysinfo_service: { ...systemBody, cpu_count: 0, memory_percent: '53' } }), 0);
    trends.add(initialState, aggregate({ sysinfo_service: { ...systemBody, load_average: [1] } }), 0);
    expect(known(trends.cpu, 0)).toEqual([]);
    expect(known(trends.memory, 0)).toMatchObject([{ count: 1 }]);
  });
});

test('the text of a trend has the last value and the highest column', () => {
  const trend = new Trend();
  expect(viewUse('CPU load', trend, 0)).toMatchObject({ value: '–', description: 'CPU load, last 15 minutes: no values yet.' });
  for (const value of [1.5, 2.5]) trend.add(value, 0);
  trend.add(0.06, bucketMs);
  expect(viewUse('CPU load', trend, bucketMs)).toMatchObject({ value: '6 %', description: 'CPU load, last 15 minutes: now 6 %, highest 200 %.' });
  expect(viewUse('CPU load', trend, 2 * historyMs).value).toBe('–');
});

test('the text of the cache has the share and the number of reports', () => {
  const trend = new Trend();
  expect(viewCache(trend, 0)).toMatchObject({ value: '–', description: 'Weather reports from the cache, last 15 minutes: no values yet.' });
  for (let i = 0; i < 300; ++i) trend.add(i === 0 ? 0 : 1, i * 2_000);
  expect(viewCache(trend, 600_000)).toMatchObject({
    value: '>99 % of 300 reports',
    description: 'Weather reports from the cache, last 15 minutes: 299 of 300.',
  });
});

test('the table of the history has a row for each minute with values, newest first', () => {
  const history = new History();
  const trends = new Trends();
  const start = Date.UTC(2025, 2, 9, 12, 5);
  history.add(request(requestBody), start + 1_000);
  history.add(request(openRequestBody), start + 30_000);
  trends.cache.add(1, start + 1_000);
  trends.cache.add(0, start + 1_000);
  trends.cache.add(1, start + 120_000);
  const { head, rows } = viewHistoryTable('weather', history, trends, start + 130_000);
  expect(head).toEqual(['Minute', 'Calls', 'Failed', 'p50', 'p99', 'Breaker', 'From cache']);
  expect(rows.map((row) => row.slice(1))).toEqual([
    ['0', '0', '–', '–', '–', '100 %'],
    ['2', '1', '41 ms', '41 ms', 'open', '50 %'],
  ]);
  expect(rows[1]?.[0]).toMatch(/^\d\d:05$/);
  expect(viewHistoryTable('system', history, trends, start).head.slice(-2)).toEqual(['CPU load', 'Memory']);
  expect(viewHistoryTable('time', new History(), trends, start).rows).toEqual([]);
});
