// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { initialState, withAggregate, type PanelData } from '../src/page-state.ts';
import { announcedConnection, toConnectionView } from '../src/stream/connection-view.ts';
import { toPanelView, toWeatherView } from '../src/panel-view.ts';
import { parseAggregateEvent } from '../src/parse.ts';
import { aggregateBody, weatherBody } from './samples/bodies.ts';

const fresh: PanelData<string> = {
  state: 'fresh',
  timing: { elapsedMs: 12, deadlineMs: 3000 },
  value: 'a value',
  valueAt: 1_000,
  receivedAt: 1_000,
  probeAt: null,
};

const at = (now: number, idleMs = 0, reason: string | null = null) => ({ staleTimeoutMs: 3_000, idleMs, now, reason });

describe('toPanelView', () => {
  test('a panel shows the state of the server while events arrive', () => {
    expect(toPanelView(fresh, at(4_000))).toEqual({
      valueAgeMs: 3_000,
      state: 'fresh',
      isDimmed: false,
      age: null,
      timing: '12 ms of 3 s',
      explanation: null,
    });
  });

  test('without recent events, a panel is stale and dimmed, and shows its age', () => {
    expect(toPanelView(fresh, at(4_001))).toMatchObject({ state: 'stale', isDimmed: true, age: 'updated 3 s ago' });
  });

  test('a panel is stale sooner after the loss of the stream', () => {
    const lost = { ...at(2_500, 1_001), maxIdleMs: 1_000 };
    expect(toPanelView(fresh, at(2_500, 1_001)).state).toBe('fresh');
    expect(toPanelView(fresh, lost)).toMatchObject({ state: 'stale', isDimmed: true });
  });

  const failures = ['timeout', 'error', 'shed', 'open'] as const;
  test.each(failures)('in the state %s, a panel is dimmed and shows the age of its value', (state) => {
    const panel = { ...fresh, state, receivedAt: 9_000 };
    expect(toPanelView(panel, at(9_000))).toMatchObject({ state, isDimmed: true, age: 'updated 8 s ago' });
  });

  test('a panel has no response time if an open breaker has rejected the call', () => {
    expect(toPanelView({ ...fresh, state: 'open', receivedAt: 9_000 }, at(9_000)).timing).toBe('N/A');
  });

  test('a panel is not dimmed if the server reports stale values, because these are the latest values', () => {
    expect(toPanelView({ ...fresh, state: 'stale' }, at(1_000))).toMatchObject({ state: 'stale', isDimmed: false, age: null });
  });

  test('a panel without a value has no age', () => {
    const panel: PanelData<string> = { ...fresh, state: 'error', value: null, valueAt: null };
    expect(toPanelView(panel, at(1_000))).toMatchObject({ state: 'error', age: null });
    expect(toPanelView(panel, at(9_000))).toMatchObject({ state: 'waiting', age: null });
  });
});

describe('explanation', () => {
  const explanation = (state: 'timeout' | 'error' | 'shed' | 'open') =>
    toPanelView({ ...fresh, state, receivedAt: 1_000 }, at(1_000, 0, 'connection refused')).explanation;

  test('an explanation states the reason for the missing current value, and the time of the next attempt', () => {
    expect(explanation('timeout')).toBe('Deadline of 3 s exceeded. Next call within 2 s.');
    expect(explanation('error')).toBe('The call failed (connection refused). Next call within 2 s.');
    expect(explanation('shed')).toContain('because of overload');
    expect(explanation('open')).toBe('Breaker open (connection refused). Next probe within 2 s.');
  });
});

test('the explanation of an open breaker counts down to the next probe', () => {
  const panel: PanelData<string> = { ...fresh, state: 'open', receivedAt: 10_000, probeAt: 12_500 };
  expect(toPanelView(panel, at(10_000)).explanation).toBe('Breaker open. Next probe in 3 s.');
  expect(toPanelView(panel, at(11_600)).explanation).toBe('Breaker open. Next probe in 1 s.');
  // The next call is the probe.
  expect(toPanelView(panel, at(12_500)).explanation).toBe('Breaker open. Next probe within 2 s.');
});

test('all panels are dimmed after 3 s without events', () => {
  const panel = { ...fresh, receivedAt: 1_000 };
  expect(toPanelView(panel, { ...at(4_000, 3_001), staleTimeoutMs: 60_000 })).toMatchObject({ state: 'stale', isDimmed: true });
});

describe('toConnectionView', () => {
  test('a live connection without events is shown as stalled', () => {
    expect(toConnectionView({ phase: 'live' }, 1_000, 4_000).state).toBe('live');
    expect(toConnectionView({ phase: 'live' }, 1_000, 4_001)).toEqual({ state: 'stalled', label: 'no data' });
  });

  test('the connection state shows a pause instead of a live connection, but not instead of a connection failure', () => {
    expect(toConnectionView({ phase: 'live' }, 1_000, 4_000, true)).toEqual({ state: 'paused', label: 'paused' });
    expect(toConnectionView({ phase: 'live' }, 1_000, 4_001, true).state).toBe('stalled');
    expect(toConnectionView({ phase: 'waiting', retryAt: 3_500 }, 0, 0, true).state).toBe('waiting');
  });

  test('the connection state counts down to the next attempt, and stops at zero', () => {
    expect(toConnectionView({ phase: 'waiting', retryAt: 3_500 }, 0, 0).label).toBe('reconnecting in 4 s');
    expect(toConnectionView({ phase: 'waiting', retryAt: 3_500 }, 0, 9_000).label).toBe('reconnecting in 0 s');
  });

  test('neither transient states of the connection nor the countdown are announced', () => {
    expect([announcedConnection('connecting'), announcedConnection('checking')]).toEqual([null, null]);
    expect([announcedConnection('waiting'), announcedConnection('live')]).toEqual(['reconnecting', 'live']);
  });
});

describe('toWeatherView', () => {
  function weatherView(changes: object) {
    const aggregate = parseAggregateEvent(JSON.stringify({ ...aggregateBody, weather_service: { ...weatherBody, ...changes } }));
    if (aggregate === null) throw new Error('malformed');
    return toWeatherView(withAggregate(initialState, aggregate, 0).weather, at(0));
  }

  test('a report that is being refreshed is fresh', () => {
    expect(weatherView({ stale: true })).toMatchObject({
      state: 'fresh',
      isDimmed: false,
      explanation: 'The report has expired; a new one is being fetched.',
    });
  });

  test('a current report needs no explanation', () => {
    expect(weatherView({}).explanation).toBeNull();
  });
});
