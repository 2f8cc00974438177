// SPDX-License-Identifier: BSL-1.0
/**
 * Returns a clock in milliseconds. Between two calls, it advances as much as the faster of the two clocks.
 *
 * The monotonic clock stops during system sleep, and the wall clock can be set back. With either clock alone, stale
 * values could be shown as fresh.
 */
export function combinedClock(monotonicClock: () => number, wallClock: () => number): () => number {
  let elapsed = 0;
  let lastMonotonic = monotonicClock();
  let lastWall = wallClock();
  return () => {
    const nowMonotonic = monotonicClock();
    const nowWall = wallClock();
    elapsed += Math.max(nowMonotonic - lastMonotonic, nowWall - lastWall, 0);
    lastMonotonic = nowMonotonic;
    lastWall = nowWall;
    return elapsed;
  };
}
