// SPDX-License-Identifier: BSL-1.0
import { describe as suite, expect, test } from 'vitest';
import { parseRequestEvent } from '../../src/request/request.ts';
import { scaleFor } from '../../src/request/scale.ts';
import { describe, tableHead, toTableRows, toWaterfallView } from '../../src/request/waterfall-view.ts';
import { openBreakerRequestBody, requestBody, timedOutRequestBody } from '../samples/requests.ts';

function parsed(body: object) {
  const request = parseRequestEvent(JSON.stringify(body));
  if (request === null) throw new Error('malformed');
  return request;
}

suite('axis', () => {
  test('the axis is logarithmic for a response long before its deadline: 0.4 ms of 5 s is visible', () => {
    const scale = scaleFor(41, 5_000, null);
    expect(scale.kind).toBe('log');
    expect(scale.position(0.4)).toBeGreaterThan(0.1);
    expect(scale.position(5_000)).toBeLessThan(0.95);
    expect(scale.ticks.map((tick) => tick.label)).toEqual(['0', '100 µs', '1 ms', '10 ms', '100 ms', '1 s', '10 s']);
  });

  test('the axis is linear if the response took much of its deadline, with space after the deadline', () => {
    const scale = scaleFor(5_000, 5_000, null);
    expect(scale.kind).toBe('linear');
    expect(scale.position(5_000)).toBeCloseTo(1 / 1.28);
    expect(scale.ticks.map((tick) => tick.label)).toEqual(['0', '2 s', '4 s', '6 s']);
  });

  test('the axis has the selected scale', () => {
    expect([scaleFor(41, 5_000, 'linear').kind, scaleFor(5_000, 5_000, 'log').kind]).toEqual(['linear', 'log']);
  });

  test.each([[0, null], [0, 0], [3_600_000, 1]])('an axis of %s ms with a deadline of %s stays within its bounds', (duration, deadline) => {
    for (const preference of ['linear', 'log'] as const) {
      const scale = scaleFor(duration, deadline, preference);
      for (const ms of [-1, 0, 1, 1e12]) {
        expect(scale.position(ms)).toBeGreaterThanOrEqual(0);
        expect(scale.position(ms)).toBeLessThanOrEqual(1);
      }
      expect(scale.ticks.length).toBeLessThan(20);
    }
  });
});

suite('waterfall', () => {
  test('a waterfall marks a 504 as the expiry of the propagated deadline', () => {
    const [time] = requestBody.calls;
    const body = { ...requestBody, calls: [{ ...time, state: 'timeout', attempts: [{ ...time?.attempts[0], status: 504 }] }] };
    expect(toWaterfallView(parsed(body), null).rows[0]?.bars[0]).toMatchObject({ end: 'deadline', label: 'deadline exceeded (504)' });
  });

  test('a waterfall has a row for each call and a segment for each phase', () => {
    const view = toWaterfallView(parsed(requestBody), null);
    expect(view.summary).toBe('answered in 41 ms');
    expect(view.rows.map((row) => [row.name, row.result, row.saved !== null])).toEqual([
      ['time', '450 µs', false],
      ['system', '690 µs', false],
      ['weather', '41 ms', false],
    ]);
    expect(view.rows[2]?.bars[0]?.segments.map((segment) => segment.phase)).toEqual(['queued', 'connect', 'tls', 'wait', 'read']);
  });

  test('a waterfall shows a retry, a hedge on a separate line, and the waiting time that the deadline saved', () => {
    const row = toWaterfallView(parsed(timedOutRequestBody), null).rows[2];
    expect(row).toMatchObject({ saved: { until: 1, label: 'waiting time saved' }, lines: 2, result: 'timed out, 5 s', deadlineLabel: '5 s' });
    expect(row?.bars.map((bar) => [bar.line, bar.end, bar.label])).toEqual([
      [0, 'failed', 'reset'],
      [0, 'deadline', 'retry, deadline exceeded'],
      [1, 'cancelled', 'hedge cancelled'],
    ]);
  });

  test('a waterfall has no bar for a call that was not made', () => {
    expect(toWaterfallView(parsed(openBreakerRequestBody), null).rows[2]).toMatchObject({ bars: [], result: 'not called', saved: null });
    expect(toWaterfallView(parsed(openBreakerRequestBody), null).summary).toBe('answered in 800 µs without weather');
  });

  test('segments with invalid durations stay within their attempt', () => {
    const attempt = { start_ms: 10, end_ms: 20, connect_ms: 500, wait_ms: 500 };
    const [row] = toWaterfallView(parsed({ calls: [{ service: 'x', start_ms: 0, end_ms: 20, budget_ms: 40, attempts: [attempt] }] }), null).rows;
    const [bar] = row?.bars ?? [];
    expect(bar?.segments.map((segment) => segment.phase)).toEqual(['connect']);
    expect(bar?.segments[0]?.to).toBe(bar?.to);
  });
});

test('the table has the same attempts', () => {
  const rows = toTableRows(parsed(timedOutRequestBody));
  expect(rows.every((row) => row.length === tableHead.length)).toBe(true);
  expect(rows.map((row) => row[2])).toEqual([
    'first to 127.0.0.1:5001',
    'first to 127.0.0.1:5002',
    'first to 10.0.3.7:5003',
    'retry to 10.0.3.8:5003',
    'hedge to 10.0.3.9:5003',
  ]);
  expect(rows[3]).toContain('cancelled: deadline');
  expect(toTableRows(parsed(openBreakerRequestBody))[2]).toContain('circuit breaker open');
  expect(toTableRows(parsed(openBreakerRequestBody), new Set(['time_service'])).map((row) => row[1])).toEqual(['waiting', 'fresh', 'open']);
});

test('the waterfall has a text alternative', () => {
  expect(describe(parsed(timedOutRequestBody))).toBe(
    'Calls of one request, deadline 5 s. time: 450 µs; system: 690 µs; weather: timed out, 5 s, with retry and hedge.',
  );
});
