/** Milliseconds since the program began. */
export const elapsed = (): number => performance.now();

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What `ask` gives once it gives something; asked every half second. Fails with `what` and the last reason after `limit` seconds. */
export async function eventually<T>(what: string, limit: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const until = elapsed() + limit * 1000;
  let reason = '';
  for (;;) {
    try {
      const got = await ask();
      if (got !== undefined && got !== false) return got;
      reason = '';
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (elapsed() > until) throw new Error(`not within ${limit} s: ${what}${reason}`);
    await pause(500);
  }
}

export function expect(truth: boolean, what: string): asserts truth {
  if (!truth) throw new Error(`expected: ${what}`);
}

/** One line for each thing that was found to be so. */
export function tell(line: string): void {
  console.log(`ok    ${line}`);
}
