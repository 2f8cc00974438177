// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { toHeadline, type HeadlineInput } from '../../src/request/headline.ts';
import type { PanelState } from '../../src/model.ts';
import { parseRequestEvent } from '../../src/request/request.ts';
import { requestBody } from '../samples/requests.ts';

function headline(states: [PanelState, PanelState, PanelState], changes: Partial<HeadlineInput> = {}) {
  const panels = states.map((state, index) => ({ name: ['time', 'system', 'weather'][index] ?? '', state }));
  const request = parseRequestEvent(JSON.stringify(requestBody));
  return toHeadline({ panels, request, isLive: true, isLocked: false, isPaused: false, firingCount: 0, ...changes });
}

test('the headline states the slowest call and its deadline if all calls are in time', () => {
  expect(headline(['fresh', 'fresh', 'fresh'])).toEqual({
    tone: 'good',
    text: '3 of 3 in time · slowest 41 ms of 5 s (weather)',
    title: '✓ 3 of 3 in time · Cohort',
  });
});

test('the headline contains the budget of the slowest call, not that of the request', () => {
  const [time, system, weather] = requestBody.calls;
  const request = (calls: object[]) => parseRequestEvent(JSON.stringify({ ...requestBody, calls }));
  const text = (calls: object[]) => headline(['fresh', 'fresh', 'fresh'], { request: request(calls) }).text;
  const slowTimeCall = { ...time, end_ms: 95 };
  expect(text([slowTimeCall, system!, weather!])).toBe('3 of 3 in time · slowest 95 ms of 3 s (time)');
  expect(text([{ ...slowTimeCall, budget_ms: null }, system!, weather!])).toBe('3 of 3 in time · slowest 95 ms (time)');
});

test('the headline and the title contain the names of failed parts', () => {
  expect(headline(['fresh', 'error', 'timeout'])).toEqual({
    tone: 'bad',
    text: '1 of 3 in time · system failed · weather timed out',
    title: '✕ system failed, weather timed out · Cohort',
  });
});

test('a stale part changes the headline to a warning', () => {
  expect(headline(['fresh', 'fresh', 'stale'])).toMatchObject({ tone: 'warn', text: '3 of 3 in time · weather stale' });
});

test('firing alerts are in the title, and in the text unless a part has failed', () => {
  expect(headline(['fresh', 'fresh', 'fresh'], { firingCount: 2 })).toMatchObject({
    tone: 'warn',
    text: '3 of 3 in time · 2 alerts firing',
    title: '! 3 of 3 in time · 2 firing · Cohort',
  });
  expect(headline(['fresh', 'open', 'fresh'], { firingCount: 1 }).text).toBe('2 of 3 in time · system breaker open');
});

test('without events, no part counts as in time', () => {
  expect(headline(['stale', 'stale', 'stale'], { isLive: false })).toMatchObject({ tone: 'idle', text: 'No data from the server: values are out of date' });
  expect(headline(['waiting', 'waiting', 'waiting']).tone).toBe('idle');
  expect(headline(['fresh', 'fresh', 'fresh'], { isLocked: true }).text).toBe('API key required');
});

test('the headline of a paused page states the pause, and counts current alerts', () => {
  expect(headline(['fresh', 'fresh', 'fresh'], { isPaused: true })).toEqual({
    tone: 'idle',
    text: 'Paused · 3 of 3 in time · slowest 41 ms of 5 s (weather)',
    title: '‖ paused · Cohort',
  });
  expect(headline(['fresh', 'fresh', 'timeout'], { isPaused: true, firingCount: 2 })).toEqual({
    tone: 'warn',
    text: 'Paused · 2 of 3 in time · weather timed out',
    title: '‖ paused · 2 firing · Cohort',
  });
  expect(headline(['fresh', 'fresh', 'fresh'], { isPaused: true, isLocked: true }).text).toBe('API key required');
});
