// SPDX-License-Identifier: BSL-1.0
/** Milliseconds since the program started. */
export const elapsed = (): number => performance.now();

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Calls `poll` every half second until it returns a value other than undefined or false, and returns that value. Throws after
 * `timeout` seconds, with `description` and the last error of `poll`.
 */
export async function eventually<T>(
  description: string,
  timeout: number,
  poll: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = elapsed() + timeout * 1000;
  let reason = '';
  for (;;) {
    try {
      const result = await poll();
      if (result !== undefined && result !== false) return result;
      reason = '';
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (elapsed() > deadline) throw new Error(`timeout after ${timeout} s: ${description}${reason}`);
    await pause(500);
  }
}

export function expect(condition: boolean, description: string): asserts condition {
  if (!condition) throw new Error(`expected: ${description}`);
}

/** Prints the result of one successful check. */
export function reportSuccess(line: string): void {
  console.log(`ok    ${line}`);
}
