// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { initialState, withAggregate, withMalformed, withPart, withTime } from '../src/page-state.ts';
import { parseAggregateEvent, parsePartEvent, parseTimeEvent } from '../src/parse.ts';
import { aggregateBody, failedBody, timeBody } from './samples/bodies.ts';

function aggregate(changes: object = {}) {
  const parsed = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
  if (parsed === null) throw new Error('malformed');
  return parsed;
}

function time(timestamp: string) {
  const parsed = parseTimeEvent(JSON.stringify({ ...timeBody, timestamp }));
  if (parsed === null) throw new Error('malformed');
  return parsed;
}

const failed = (key: string, state: string) =>
  aggregate({ [key]: failedBody, meta: { [key]: { state, elapsed_ms: 5000, deadline_ms: 5000 } } });

describe('failed part', () => {
  test('a failed part keeps its last valid value and its time', () => {
    const state = withAggregate(withAggregate(initialState, aggregate(), 100), failed('weather_service', 'open'), 5_100);
    expect(state.weather).toMatchObject({ state: 'open', value: { city: 'Haifa' }, valueAt: 100, receivedAt: 5_100 });
  });

  test('a failed part does not affect other parts', () => {
    const state = withAggregate(initialState, failed('weather_service', 'open'), 100);
    expect(state.system.state).toBe('fresh');
  });
});

test('if an open breaker rejected the call, a part has the time of the next probe until its next event', () => {
  const part = (state: string, probe_in_ms?: number) => {
    const meta = { weather_service: { state, elapsed_ms: 0, deadline_ms: 5000 } };
    const parsed = parsePartEvent(JSON.stringify({ poll: 1, weather_service: failedBody, meta, probe_in_ms }));
    if (parsed === null) throw new Error('malformed');
    return parsed;
  };
  const open = withPart(initialState, part('open', 3_000), 100);
  expect(open.weather.probeAt).toBe(3_100);
  expect(withPart(open, part('error'), 4_000).weather.probeAt).toBeNull();
});

describe('time', () => {
  test('an aggregate sets the time only before the first time event', () => {
    const first = withAggregate(initialState, aggregate(), 0);
    expect(first.time).toMatchObject({ state: 'fresh', receivedAt: 0, value: { timestamp: '2025-03-09 14:05:06' } });
    const later = withAggregate(withTime(first, time('2025-03-09 14:05:07'), 1_000), aggregate(), 1_500);
    expect(later.time).toMatchObject({ receivedAt: 1_000, value: { timestamp: '2025-03-09 14:05:07' } });
  });

  test('the time recovers from a failure with the next time event, not with an aggregate', () => {
    const state = withTime(withTime(initialState, time('2025-03-09 14:05:07'), 0), time('Error: timeout'), 1_000);
    expect(state.time).toMatchObject({ state: 'error', valueAt: 0 });
    const aggregatedState = withAggregate(state, aggregate(), 1_500);
    expect(aggregatedState.time.state).toBe('error');
    expect(withTime(aggregatedState, time('2025-03-09 14:05:09'), 2_000).time.state).toBe('fresh');
  });

  test('the time keeps the more specific failure of an aggregate', () => {
    const state = withAggregate(withTime(initialState, time('2025-03-09 14:05:07'), 0), failed('time_service', 'timeout'), 500);
    expect(state.time.state).toBe('timeout');
    expect(withTime(state, time('Error: x'), 1_000).time.state).toBe('timeout');
  });
});

test('a malformed event does not change values, and its report is cleared by the next valid event of the same name', () => {
  const state = withMalformed(withAggregate(initialState, aggregate(), 0), 'aggregate');
  expect(state).toMatchObject({ malformed: 'aggregate', system: { state: 'fresh', receivedAt: 0 } });
  expect(withTime(state, time('2025-03-09 14:05:07'), 1).malformed).toBe('aggregate');
  expect(withAggregate(state, aggregate(), 1).malformed).toBeNull();
});
