import { describe, expect, test } from 'vitest';
import { emptyBoard, withAggregate, withMalformed, withTime } from '../src/board.ts';
import { parseAggregateEvent, parseTimeEvent } from '../src/parse.ts';
import { aggregateBody, failedBody, timeBody } from './bodies.ts';

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

describe('a part that fails', () => {
  test('keeps its last good value and the time of it', () => {
    const board = withAggregate(withAggregate(emptyBoard, aggregate(), 100), failed('weather_service', 'open'), 5_100);
    expect(board.weather).toMatchObject({ state: 'open', value: { city: 'Haifa' }, valueAt: 100, heardAt: 5_100 });
  });

  test('leaves the other parts alone', () => {
    const board = withAggregate(emptyBoard, failed('weather_service', 'open'), 100);
    expect(board.system.state).toBe('fresh');
  });
});

describe('the time', () => {
  test('comes from an aggregate only until the first event of its own', () => {
    const first = withAggregate(emptyBoard, aggregate(), 0);
    expect(first.time).toMatchObject({ state: 'fresh', heardAt: 0, value: { timestamp: '2025-03-09 14:05:06' } });
    const later = withAggregate(withTime(first, time('2025-03-09 14:05:07'), 1_000), aggregate(), 1_500);
    expect(later.time).toMatchObject({ heardAt: 1_000, value: { timestamp: '2025-03-09 14:05:07' } });
  });

  test('that failed is not made good by an aggregate, but by its own next event', () => {
    const board = withTime(withTime(emptyBoard, time('2025-03-09 14:05:07'), 0), time('Error: timeout'), 1_000);
    expect(board.time).toMatchObject({ state: 'error', valueAt: 0 });
    const aggregated = withAggregate(board, aggregate(), 1_500);
    expect(aggregated.time.state).toBe('error');
    expect(withTime(aggregated, time('2025-03-09 14:05:09'), 2_000).time.state).toBe('fresh');
  });

  test('keeps the more exact failure that an aggregate reported', () => {
    const board = withAggregate(withTime(emptyBoard, time('2025-03-09 14:05:07'), 0), failed('time_service', 'timeout'), 500);
    expect(board.time.state).toBe('timeout');
    expect(withTime(board, time('Error: x'), 1_000).time.state).toBe('timeout');
  });
});

test('a malformed event changes no value and is forgotten with the next good one of its kind', () => {
  const board = withMalformed(withAggregate(emptyBoard, aggregate(), 0), 'aggregate');
  expect(board).toMatchObject({ malformed: 'aggregate', system: { state: 'fresh', heardAt: 0 } });
  expect(withTime(board, time('2025-03-09 14:05:07'), 1).malformed).toBe('aggregate');
  expect(withAggregate(board, aggregate(), 1).malformed).toBeNull();
});
