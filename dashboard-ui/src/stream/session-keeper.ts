// SPDX-License-Identifier: BSL-1.0
import type { RenewalResult } from './session.ts';

/** Dependencies of the keeper, replaced in tests. */
export interface SessionKeeperDependencies {
  renew(): Promise<RenewalResult>;
  /** Runs `action` after `delayMs`. Returns a function that cancels it. */
  schedule(delayMs: number, action: () => void): () => void;
}

/** A cookie is valid for 15 minutes: two renewals can fail before the session ends. */
const renewalIntervalMs = 5 * 60_000;
const retryMs = 30_000;

/** Renews the session of the browser while the page is open, including in the background. */
export class SessionKeeper {
  readonly #dependencies: SessionKeeperDependencies;
  readonly #hasSession: (value: boolean) => void;
  #run = 0;
  #running = false;
  #cancelTimer: () => void = () => {};

  /** `hasSession` is called after each renewal with a response, and after `stop`. */
  constructor(dependencies: SessionKeeperDependencies, hasSession: (value: boolean) => void) {
    this.#dependencies = dependencies;
    this.#hasSession = hasSession;
  }

  /** Renews the session now and then periodically. No effect while it is running. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#run += 1;
    void this.#renew(this.#run);
  }

  stop(): void {
    this.#running = false;
    this.#run += 1;
    this.#cancelTimer();
    this.#hasSession(false);
  }

  async #renew(run: number): Promise<void> {
    const result = await this.#dependencies.renew();
    if (run !== this.#run) return;
    if (result === 'rejected') {
      this.stop();
      return;
    }
    if (result !== 'unavailable') this.#hasSession(result === 'renewed');
    const delay = result === 'unavailable' ? retryMs : renewalIntervalMs;
    this.#cancelTimer = this.#dependencies.schedule(delay, () => void this.#renew(run));
  }
}
