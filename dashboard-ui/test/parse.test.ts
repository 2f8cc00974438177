// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { parseAggregateEvent, parseTimeEvent } from '../src/parse.ts';
import { aggregateBody, failedBody, systemBody, timeBody, weatherBody } from './samples/bodies.ts';

function aggregate(changes: object) {
  const parsed = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
  if (parsed === null) throw new Error('malformed');
  return parsed;
}

describe('parseTimeEvent', () => {
  test('parseTimeEvent returns the reading', () => {
    expect(parseTimeEvent(JSON.stringify(timeBody))).toEqual({
      reading: {
        service: 'time-service',
        timestamp: '2025-03-09 14:05:06',
        iso8601: '2025-03-09T14:05:06+02:00',
        unixMs: 1741521906000,
        timezone: 'Asia/Jerusalem',
      },
    });
  });

  test('parseTimeEvent returns the failure that the timestamp contains', () => {
    const body = { service: 'time-service', timestamp: 'Error: timeout' };
    expect(parseTimeEvent(JSON.stringify(body))).toEqual({ failure: 'Error: timeout' });
  });

  test('parseTimeEvent returns null for missing fields', () => {
    const event = parseTimeEvent('{"service":"time-service","timestamp":"2025-03-09 14:05:06"}');
    expect(event).toMatchObject({ reading: { iso8601: null, unixMs: null, timezone: null } });
  });

  const malformed = ['', '{', 'null', '[]', '"text"', '7', '{}', '{"timestamp":null}', '{"timestamp":" "}'];
  test.each(malformed)('a malformed event is rejected: %j', (data) => {
    expect(parseTimeEvent(data)).toBeNull();
  });
});

describe('parseAggregateEvent', () => {
  test('parseAggregateEvent returns each part with its state and timing', () => {
    const parsed = aggregate({});
    expect(parsed.system).toMatchObject({
      state: 'fresh',
      timing: { elapsedMs: 12, deadlineMs: 3000 },
      value: { hostname: 'host-1', loadAverage: [0.5, 0.25, 1], cgroupCpuLimit: null },
    });
    expect(parsed.weather).toMatchObject({
      state: 'fresh',
      timing: { deadlineMs: 5000 },
      value: { city: 'Haifa', latitude: '32.794', temperatureC: '21', cached: true, cacheAgeSeconds: 75 },
    });
  });

  test.each(['timeout', 'error', 'shed', 'open'])('a part in the state %s has no value', (state) => {
    const meta = { ...aggregateBody.meta, weather_service: { state, elapsed_ms: 5000, deadline_ms: 5000 } };
    expect(aggregate({ weather_service: failedBody, meta }).weather).toMatchObject({ state, value: null });
  });

  test('a stale weather report keeps its values and has its error', () => {
    const body = { ...weatherBody, stale: true, error: 'Using stale cache due to error: timeout' };
    expect(aggregate({ weather_service: body }).weather).toMatchObject({
      state: 'stale',
      value: { stale: true, temperatureC: '21', error: 'Using stale cache due to error: timeout' },
    });
  });

  test('a failed part is never fresh, regardless of its metadata', () => {
    expect(aggregate({ sysinfo_service: failedBody }).system.state).toBe('error');
    expect(aggregate({ sysinfo_service: undefined }).system.state).toBe('error');
    expect(aggregate({ time_service: { ...timeBody, timestamp: 'Error: x' } }).time.state).toBe('error');
  });

  test('an unrecognized state of a part is mapped to unknown', () => {
    const meta = { sysinfo_service: { state: 'unheard-of' } };
    expect(aggregate({ meta }).system).toMatchObject({ state: 'unknown', timing: { elapsedMs: null, deadlineMs: null } });
  });

  test('states are derived from the bodies if there is no metadata', () => {
    const parsed = aggregate({ meta: undefined, weather_service: failedBody });
    expect([parsed.system.state, parsed.weather.state]).toEqual(['fresh', 'error']);
  });

  test.each([
    ['a text', '1'],
    ['two numbers', [1, 2]],
    ['strings', ['1', '2', '3']],
    ['nothing', undefined],
  ])('the system has no load average if the field is %s', (_, load_average) => {
    expect(aggregate({ sysinfo_service: { ...systemBody, load_average } }).system.value?.loadAverage).toBeNull();
  });

  test('fields of a wrong type are treated as missing', () => {
    const body = { hostname: { a: 1 }, cpu_count: '8', memory_percent: null, runtime: '' };
    expect(aggregate({ sysinfo_service: body }).system.value).toMatchObject({
      hostname: null,
      cpuCount: null,
      memoryPercent: null,
      runtime: null,
    });
  });

  test.each(['', '{"time_service":', '[]', '{}', '{"time_service":"x"}'])('a malformed event is rejected: %j', (data) => {
    expect(parseAggregateEvent(data)).toBeNull();
  });
});
