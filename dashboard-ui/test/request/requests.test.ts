// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { initialState } from '../../src/page-state.ts';
import { runningRequest } from '../../src/stream/polls.ts';
import { receive } from '../../src/stream/receive.ts';
import { parseRequestEvent } from '../../src/request/request.ts';
import { emptyRequests, pinAt, shownIndex, shownRequest, unpin, withEarlierRequests, withRequest } from '../../src/request/requests.ts';
import { aggregateBody, failedBody, weatherBody } from '../samples/bodies.ts';
import { requestBody, requestBodyAt } from '../samples/requests.ts';

function requestAt(index: number) {
  const request = parseRequestEvent(JSON.stringify(requestBodyAt(index)));
  if (request === null) throw new Error('malformed');
  return request;
}

const first = (count: number) => Array.from({ length: count }, (_, index) => requestAt(index)).reduce(withRequest, emptyRequests);

describe('list of requests', () => {
  test('the list keeps the last 60 requests, and shows the latest request', () => {
    const requests = first(70);
    expect(requests.list.length).toBe(60);
    expect(shownRequest(requests)).toEqual(requestAt(69));
  });

  test('the list keeps and shows a pinned request while other requests arrive', () => {
    const pinned = pinAt(first(5), 0);
    const later = Array.from({ length: 100 }, (_, index) => requestAt(5 + index)).reduce(withRequest, pinned);
    expect(later.list.length).toBe(60);
    expect(shownRequest(later)).toEqual(requestAt(0));
    expect(shownRequest(unpin(later))).toEqual(requestAt(104));
  });

  test('an index outside the list is clamped to it', () => {
    expect([pinAt(first(3), -1), pinAt(first(3), 9)].map(shownIndex)).toEqual([0, 2]);
    expect(shownIndex(pinAt(emptyRequests, 0))).toBe(-1);
  });

  test('the list contains each request once', () => {
    expect(withRequest(first(3), requestAt(1)).list.length).toBe(3);
    expect(withEarlierRequests(first(3), [requestAt(0), requestAt(1)]).list.length).toBe(3);
  });
});

const at = (now: number) => ({ now, epochMs: now });
const event = (body: object) => JSON.stringify(body);

describe('events', () => {
  test('a recorded request replaces the request that was derived from its aggregate', () => {
    const derivedState = receive(initialState, 'aggregate', event(aggregateBody), at(0));
    expect(derivedState.requests.list.map((request) => request.traceId)).toEqual([null]);
    const recorded = receive(derivedState, 'request', event(requestBody), at(1));
    expect(recorded.requests.list.map((request) => request.traceId)).toEqual([requestBody.trace_id]);
    expect(receive(recorded, 'aggregate', event(aggregateBody), at(2)).requests).toBe(recorded.requests);
  });

  test('a part is shown when it arrives, and affects no other part', () => {
    const state = receive(initialState, 'part', event({ poll: 1, weather_service: weatherBody, meta: aggregateBody.meta }), at(5));
    expect(state.weather).toMatchObject({ state: 'fresh', receivedAt: 5, value: { city: 'Haifa' } });
    expect(state.system.state).toBe('waiting');
  });

  test('an aggregate does not replace parts, because they may belong to later calls', () => {
    const system = { ...aggregateBody.sysinfo_service, hostname: 'later' };
    const state = receive(initialState, 'part', event({ poll: 2, sysinfo_service: system, meta: aggregateBody.meta }), at(5));
    expect(receive(state, 'aggregate', event(aggregateBody), at(6)).system.value?.hostname).toBe('later');
  });

  test.each(['part', 'poll', 'request'] as const)('a malformed %s is reported and does not change the values', (name) => {
    expect(receive(initialState, name, '{"x":1}', at(0))).toEqual({ ...initialState, malformed: name });
  });
});

describe('request in progress', () => {
  const budgets = { time_service: 3000, sysinfo_service: 3000, weather_service: 5000 };
  const part = (key: string, body: object, state: string) => event({ poll: 1, [key]: body, meta: { [key]: { state, elapsed_ms: 1, deadline_ms: 5000 } } });

  function started() {
    const started = receive(initialState, 'poll', event({ poll: 1, budgets_ms: budgets }), at(1_000));
    const time = receive(started, 'part', part('time_service', aggregateBody.time_service, 'fresh'), at(1_002));
    return receive(time, 'part', part('sysinfo_service', aggregateBody.sysinfo_service, 'fresh'), at(1_003));
  }

  test('a request in progress grows, up to its deadline, until its last part arrives', () => {
    const state = started();
    expect(runningRequest(state.polls, -Infinity, 1_100)).toBeNull();
    expect(runningRequest(state.polls, -Infinity, 3_000)).toMatchObject({
      running: new Set(['weather_service']),
      request: { duration: 2_000, calls: [{ end: 2 }, { end: 3 }, { end: 2_000 }] },
    });
    expect(runningRequest(state.polls, -Infinity, 9_000)?.request.calls[2]?.end).toBe(5_000);
    const ended = receive(state, 'part', part('weather_service', failedBody, 'timeout'), at(6_000));
    expect(runningRequest(ended.polls, -Infinity, 6_000)).toBeNull();
  });

  test('a request in progress ends with the response to a later request, because no earlier response follows', () => {
    const later = receive(started(), 'poll', event({ poll: 2, budgets_ms: budgets }), at(2_500));
    const body = { poll: 2, weather_service: aggregateBody.weather_service, meta: { weather_service: { state: 'fresh', elapsed_ms: 1, deadline_ms: 5000 } } };
    const answered = receive(later, 'part', event(body), at(2_501));
    expect(answered.polls.map(({ id }) => id)).toEqual([2]);
    expect(runningRequest(answered.polls, -Infinity, 2_600)).toBeNull();
  });

  test('a request in progress does not immediately replace a request that was cancelled at its deadline', () => {
    expect(runningRequest(started().polls, 2_900, 3_000)).toBeNull();
    expect(runningRequest(started().polls, 2_900, 4_500)).not.toBeNull();
  });
});
