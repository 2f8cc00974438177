/**
 * Milliseconds that advance by the greater of what two clocks say has passed.
 *
 * The monotonic clock stands still while a laptop sleeps, and the wall clock may be set back; either alone could make old
 * values look new. Looking too old for a moment does no harm.
 */
export function cautiousClock(monotonic: () => number, wall: () => number): () => number {
  let elapsed = 0;
  let lastMonotonic = monotonic();
  let lastWall = wall();
  return () => {
    const nowMonotonic = monotonic();
    const nowWall = wall();
    elapsed += Math.max(nowMonotonic - lastMonotonic, nowWall - lastWall, 0);
    lastMonotonic = nowMonotonic;
    lastWall = nowWall;
    return elapsed;
  };
}
