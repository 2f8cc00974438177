// SPDX-License-Identifier: BSL-1.0
import { beforeEach, describe, expect, test } from 'vitest';
import type { RenewalResult } from '../../src/stream/session.ts';
import { SessionKeeper } from '../../src/stream/session-keeper.ts';

/** A keeper with renewals and timers that the test controls. */
class Fixture {
  readonly reports: boolean[] = [];
  timer: { delayMs: number; action: () => void } | null = null;
  readonly #pending: ((result: RenewalResult) => void)[] = [];
  renewalCount = 0;

  readonly keeper = new SessionKeeper(
    {
      renew: () => {
        this.renewalCount += 1;
        return new Promise((resolve) => this.#pending.push(resolve));
      },
      schedule: (delayMs, action) => {
        const timer = { delayMs, action };
        this.timer = timer;
        return () => {
          if (this.timer === timer) this.timer = null;
        };
      },
    },
    (hasSession) => this.reports.push(hasSession),
  );

  async respond(result: RenewalResult): Promise<void> {
    const resolve = this.#pending.shift();
    if (resolve === undefined) throw new Error('no renewal is pending');
    resolve(result);
    await new Promise((done) => setTimeout(done));
  }
}

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});

describe('SessionKeeper', () => {
  test('the session is renewed immediately and then every five minutes', async () => {
    fixture.keeper.start();
    fixture.keeper.start();
    expect(fixture.renewalCount).toBe(1);
    await fixture.respond('renewed');
    expect(fixture.reports).toEqual([true]);
    expect(fixture.timer?.delayMs).toBe(300_000);
    fixture.timer?.action();
    expect(fixture.renewalCount).toBe(2);
  });

  test('SessionKeeper retries a renewal after 30 s if the server is unavailable, and does not report this failure', async () => {
    fixture.keeper.start();
    await fixture.respond('unavailable');
    expect(fixture.reports).toEqual([]);
    expect(fixture.timer?.delayMs).toBe(30_000);
  });

  test('SessionKeeper reports no session if the server requires none, and checks again later', async () => {
    fixture.keeper.start();
    await fixture.respond('not-required');
    expect(fixture.reports).toEqual([false]);
    expect(fixture.timer?.delayMs).toBe(300_000);
  });

  test('SessionKeeper stops after a rejection and can be restarted', async () => {
    fixture.keeper.start();
    await fixture.respond('rejected');
    expect(fixture.reports).toEqual([false]);
    expect(fixture.timer).toBeNull();
    fixture.keeper.start();
    await fixture.respond('renewed');
    expect(fixture.reports).toEqual([false, true]);
  });

  test('SessionKeeper ignores the result of a renewal after it has been stopped', async () => {
    fixture.keeper.start();
    fixture.keeper.stop();
    await fixture.respond('renewed');
    expect(fixture.reports).toEqual([false]);
    expect(fixture.timer).toBeNull();
  });

  test('SessionKeeper cancels its timer when it is stopped', async () => {
    fixture.keeper.start();
    await fixture.respond('renewed');
    fixture.keeper.stop();
    expect(fixture.timer).toBeNull();
  });
});
