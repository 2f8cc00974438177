// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { combinedClock } from '../src/clock.ts';

function clocks() {
  const times = { monotonic: 0, wall: 1_000_000 };
  return { times, now: combinedClock(() => times.monotonic, () => times.wall) };
}

test('the combined clock advances while the monotonic clock is stopped', () => {
  const { times, now } = clocks();
  times.wall += 60_000;
  expect(now()).toBe(60_000);
});

test('the combined clock advances when the wall clock is set back, and counts no time twice', () => {
  const { times, now } = clocks();
  times.monotonic += 5_000;
  times.wall -= 3_600_000;
  expect(now()).toBe(5_000);
  times.monotonic += 1_000;
  times.wall += 1_000;
  expect(now()).toBe(6_000);
});
