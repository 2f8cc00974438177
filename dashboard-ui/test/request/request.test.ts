// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { parseAggregateEvent } from '../../src/parse.ts';
import { deadlineOf, failureReason, hasExceededDeadline, parseRequestEvent, parseRequests, requestFromAggregate } from '../../src/request/request.ts';
import { aggregateBody, failedBody } from '../samples/bodies.ts';
import { requestBody, requestBodyAt, timedOutRequestBody } from '../samples/requests.ts';

function parsed(body: object) {
  const request = parseRequestEvent(JSON.stringify(body));
  if (request === null) throw new Error('malformed');
  return request;
}

test('a request has its calls and attempts', () => {
  const request = parsed(timedOutRequestBody);
  expect(request).toMatchObject({ duration: 5000.4, deadline: 5000, complete: false, startedAt: Date.UTC(2025, 2, 9, 12, 5, 11, 456) });
  expect(request.calls.map((call) => [call.service, call.state, hasExceededDeadline(call)])).toEqual([
    ['time_service', 'fresh', false],
    ['sysinfo_service', 'fresh', false],
    ['weather_service', 'timeout', true],
  ]);
  expect(request.calls[2]?.attempts.map((attempt) => [attempt.kind, attempt.end, attempt.cancelledBy])).toEqual([
    ['first', 950, null],
    ['retry', 5000, 'deadline'],
    ['hedge', 3880, 'hedge'],
  ]);
});

test.each(['', '[]', '{}', '{"calls":{}}', 'null'])('%j is malformed', (text) => {
  expect(parseRequestEvent(text)).toBeNull();
});

test('out-of-range values are bounded', () => {
  const attempts = Array.from({ length: 40 }, () => ({ kind: 7, start_ms: -4, end_ms: 1e300, wait_ms: 'x', address: 'a'.repeat(999) }));
  const calls = Array.from({ length: 40 }, () => ({ service: 's'.repeat(999), state: 'great', start_ms: 50, end_ms: 20, attempts }));
  const request = parsed({ calls, duration_ms: -1, started_at: {}, trace_id: 5 });
  expect(request.calls.length).toBe(16);
  expect(request.calls[0]).toMatchObject({ state: 'unknown', start: 50, end: 50, budget: null });
  expect(request.calls[0]?.service.length).toBe(200);
  expect(request.calls[0]?.attempts.length).toBe(16);
  expect(request.calls[0]?.attempts[0]).toMatchObject({ kind: 'first', start: 0, end: 3_600_000, phases: { wait: 0 } });
  expect(request).toMatchObject({ duration: 50, startedAt: null, traceId: '5', deadline: null });
});

test('earlier requests are sorted, and malformed requests are omitted', () => {
  const body = { requests: [requestBodyAt(2), 'no', { calls: 1 }, requestBodyAt(1)] };
  expect(parseRequests(JSON.stringify(body)).map((request) => request.startedAt)).toEqual([
    Date.UTC(2025, 2, 9, 12, 0, 2),
    Date.UTC(2025, 2, 9, 12, 0, 4),
  ]);
  expect(parseRequests('<html>')).toEqual([]);
});

describe('request derived from an aggregate', () => {
  const derive = (changes: object) => {
    const aggregate = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
    if (aggregate === null) throw new Error('malformed');
    return requestFromAggregate(aggregate, 'key', 0);
  };

  test('a derived request contains one attempt for each call', () => {
    expect(derive({})).toMatchObject({ duration: 12, complete: true, calls: [{ end: 12 }, { end: 12 }, { attempts: [{ phases: { wait: 12 } }] }] });
    expect(deadlineOf(derive({}))).toBe(5000);
  });

  test('a derived request contains no attempt of a call that an open breaker rejected', () => {
    const meta = { ...aggregateBody.meta, weather_service: { state: 'open', elapsed_ms: 0, deadline_ms: 5000 } };
    expect(derive({ weather_service: failedBody, meta }).calls[2]).toMatchObject({ state: 'open', attempts: [] });
  });
});

test('the reason for a failure is that of the latest call, excluding calls that an open breaker rejected', () => {
  const request = (state: string, reason?: string) => {
    const call = { service: 'weather_service', state, start_ms: 0, end_ms: 1, budget_ms: 5000, attempts: [], ...(reason === undefined ? {} : { reason }) };
    const parsed = parseRequestEvent(JSON.stringify({ ...requestBody, calls: [call] }));
    if (parsed === null) throw new Error('malformed');
    return parsed;
  };
  const failures = [request('error', 'status 500'), request('open', 'the circuit breaker is open')];
  expect(failureReason(failures, 'weather_service')).toBe('status 500');
  expect(failureReason([...failures, request('fresh')], 'weather_service')).toBeNull();
  expect(failureReason(failures, 'time_service')).toBeNull();
});
