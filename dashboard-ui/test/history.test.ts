// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { bucketCount, bucketMs, History, historyMs, percentile } from '../src/history.ts';
import { parseRequestEvent } from '../src/request/request.ts';
import { openRequestBody, requestBody, requestBodyAt } from './sample-requests.ts';

function parsed(body: object) {
  const request = parseRequestEvent(JSON.stringify(body));
  if (request === null) throw new Error('malformed');
  return request;
}

test('percentiles are values that occurred', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.5), percentile([], 0.5)]).toEqual([50, 99, 7, null]);
});

test('calls are counted in columns of 15 s', () => {
  const history = new History();
  for (let i = 0; i < 10; ++i) history.add(parsed(requestBody), 1_000 + i);
  history.add(parsed(openRequestBody), bucketMs + 1);
  const buckets = history.buckets('weather_service', bucketMs + 10);
  expect(buckets.length).toBe(bucketCount);
  expect(buckets.at(-2)).toMatchObject({ calls: 10, failed: 0, open: false });
  expect(buckets.at(-2)?.p50).toBeCloseTo(41.17);
  expect(buckets.at(-1)).toEqual({ calls: 1, p50: null, p99: null, failed: 1, open: true });
});

test('the rate, the percentiles and the failures cover the last 15 minutes', () => {
  const history = new History();
  for (let i = 0; i < 100; ++i) history.add(parsed(i % 4 === 0 ? openRequestBody : requestBody), i * 2_000);
  const summary = history.summary('weather_service', 200_000);
  expect(summary.failureRatio).toBe(0.25);
  expect(summary.perSecond).toBeCloseTo(0.5, 1);
  expect(history.summary('weather_service', 200_000 + historyMs).failureRatio).toBeNull();
});

test('the memory is bounded', () => {
  const history = new History();
  const request = parsed(requestBody);
  for (let i = 0; i < 20_000; ++i) history.add(request, i);
  expect(history.buckets('time_service', 20_000).reduce((sum, bucket) => sum + bucket.calls, 0)).toBeLessThanOrEqual(18_064);
});

test('earlier requests come before those of the stream, by the distance of their starts', () => {
  const history = new History();
  history.add(parsed(requestBodyAt(30)), 100_000);
  history.addEarlier([parsed(requestBodyAt(0)), parsed(requestBodyAt(15))], parsed(requestBodyAt(30)).startedAt, 100_000);
  const counts = history.buckets('time_service', 100_000).map((bucket) => bucket.calls);
  expect([counts.at(-5), counts.at(-3), counts.at(-1)]).toEqual([1, 1, 1]);
});
