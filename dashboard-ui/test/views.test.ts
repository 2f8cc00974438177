import { describe, expect, test } from 'vitest';
import type { Panel } from '../src/board.ts';
import { spokenConnection, viewConnection } from '../src/connection-view.ts';
import { viewPanel } from '../src/panel-view.ts';

const good: Panel<string> = {
  state: 'fresh',
  timing: { elapsedMs: 12, deadlineMs: 3000 },
  value: 'a value',
  valueAt: 1_000,
  heardAt: 1_000,
};

describe('a panel', () => {
  test('with news is shown as the server calls it', () => {
    expect(viewPanel(good, 3_000, 4_000)).toEqual({
      state: 'fresh',
      dimmed: false,
      age: null,
      timing: '12 of 3000 ms',
      explanation: null,
    });
  });

  test('without news past the limit is stale, grey and tells its age', () => {
    expect(viewPanel(good, 3_000, 4_001)).toMatchObject({ state: 'stale', dimmed: true, age: 'last update 3 s ago' });
  });

  const failures = ['timeout', 'error', 'shed', 'open'] as const;
  test.each(failures)('of a part in state %s is grey and tells the age of its value', (state) => {
    const panel = { ...good, state, heardAt: 9_000 };
    expect(viewPanel(panel, 3_000, 9_000)).toMatchObject({ state, dimmed: true, age: 'last update 8 s ago' });
  });

  test('whose values the server itself calls stale is not grey: they are the latest there are', () => {
    expect(viewPanel({ ...good, state: 'stale' }, 3_000, 1_000)).toMatchObject({ state: 'stale', dimmed: false, age: null });
  });

  test('that never had a value has no age', () => {
    const panel: Panel<string> = { ...good, state: 'error', value: null, valueAt: null };
    expect(viewPanel(panel, 3_000, 1_000)).toMatchObject({ state: 'error', age: null });
    expect(viewPanel(panel, 3_000, 9_000)).toMatchObject({ state: 'waiting', age: null });
  });
});

describe('the connection', () => {
  test('that is live but brings nothing is not shown as live', () => {
    expect(viewConnection({ phase: 'live' }, 1_000, 4_000).state).toBe('live');
    expect(viewConnection({ phase: 'live' }, 1_000, 4_001)).toEqual({ state: 'stalled', label: 'no news' });
  });

  test('counts down to its next attempt, and not below zero', () => {
    expect(viewConnection({ phase: 'waiting', retryAt: 3_500 }, 0, 0).label).toBe('reconnecting in 4 s');
    expect(viewConnection({ phase: 'waiting', retryAt: 3_500 }, 0, 9_000).label).toBe('reconnecting in 0 s');
  });

  test('is not spoken of on its way to another state, nor with its countdown', () => {
    expect([spokenConnection('connecting'), spokenConnection('checking')]).toEqual([null, null]);
    expect([spokenConnection('waiting'), spokenConnection('live')]).toEqual(['reconnecting', 'live']);
  });
});
