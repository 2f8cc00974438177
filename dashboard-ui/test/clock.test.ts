import { expect, test } from 'vitest';
import { cautiousClock } from '../src/clock.ts';

function clocks() {
  const at = { monotonic: 0, wall: 1_000_000 };
  return { at, now: cautiousClock(() => at.monotonic, () => at.wall) };
}

test('time passes though the monotonic clock slept', () => {
  const { at, now } = clocks();
  at.wall += 60_000;
  expect(now()).toBe(60_000);
});

test('time passes though the wall clock was set back, and is not counted twice when it is set right', () => {
  const { at, now } = clocks();
  at.monotonic += 5_000;
  at.wall -= 3_600_000;
  expect(now()).toBe(5_000);
  at.monotonic += 1_000;
  at.wall += 1_000;
  expect(now()).toBe(6_000);
});
