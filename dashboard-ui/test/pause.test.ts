// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { initialState, withAlerts, withPoll, withRequests, type PageState } from '../src/page-state.ts';
import { parseAlertsEvent } from '../src/alerts/alerts.ts';
import { pause, pausedState, withPinnedRequest } from '../src/pause.ts';
import { parsePollEvent } from '../src/parse.ts';
import { parseRequestEvent } from '../src/request/request.ts';
import { pinAt, withRequest } from '../src/request/requests.ts';
import { alertBody, alertsBody } from './samples/bodies.ts';
import { requestBodyAt } from './samples/requests.ts';

const moment = { now: 5_000, lastEventAt: 4_500, maxIdleMs: 3_000 };

function valid<T>(value: T | null): T {
  if (value === null) throw new Error('malformed');
  return value;
}

function withRequestAt(state: PageState, index: number): PageState {
  return withRequests(state, withRequest(state.requests, valid(parseRequestEvent(JSON.stringify(requestBodyAt(index))))));
}

const firing = valid(parseAlertsEvent(JSON.stringify(alertsBody([alertBody]))));

test('a paused page keeps its values, and has the current alerts and error', () => {
  const before = withRequestAt(initialState, 0);
  const current = { ...withAlerts(withRequestAt(before, 1), firing, 6_000), malformed: 'map' as const };
  const shown = pausedState(pause(before, moment), current);
  expect(shown.requests).toBe(before.requests);
  expect(shown.alerts).toBe(current.alerts);
  expect(shown.malformed).toBe('map');
});

test('a paused page shows no request in progress', () => {
  const state = withPoll(initialState, valid(parsePollEvent('{"poll":1,"budgets_ms":{"time_service":3000}}')), 0);
  expect(state.polls.length).toBe(1);
  expect(pausedState(pause(state, moment), state).polls).toEqual([]);
});

test('a request that was pinned during the pause remains pinned if it is still in the list', () => {
  const before = withRequestAt(withRequestAt(initialState, 0), 1);
  const pinned = pinAt(before.requests, 0);
  expect(withPinnedRequest(withRequestAt(before, 2), pinned).requests).toMatchObject({ pinned: pinned.pinned, list: { length: 3 } });
  const later = Array.from({ length: 61 }, (_, index) => index + 2).reduce(withRequestAt, before);
  expect(withPinnedRequest(later, pinned).requests.pinned).toBeNull();
});
