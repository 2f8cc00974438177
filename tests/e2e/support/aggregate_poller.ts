// SPDX-License-Identifier: BSL-1.0
import { elapsed, pause } from './assertions.ts';

export interface Poll {
  /** Milliseconds since the program started. */
  start: number;
  end: number;
  /** HTTP status; 0 if there was no complete response. */
  status: number;
  /** The state of each part of the aggregate. */
  states: Record<string, string>;
}

export const isFresh = ({ states }: Poll): boolean =>
  Object.keys(states).length === 3 && Object.values(states).every((state) => state === 'fresh');

/** Requests `/api/aggregate` at a constant rate, whether or not earlier requests have ended. */
export class AggregatePoller {
  readonly polls: Poll[] = [];
  private readonly pending = new Set<Promise<void>>();
  private running = true;
  private readonly loop: Promise<void>;

  /** `timeout` of each request in milliseconds. */
  constructor(
    private readonly url: string,
    interval: number,
    private readonly timeout: number,
    private readonly apiKey = '',
  ) {
    this.loop = this.run(interval);
  }

  private async run(interval: number): Promise<void> {
    for (let next = elapsed(); this.running; next += interval) {
      const poll = this.poll().finally(() => this.pending.delete(poll));
      this.pending.add(poll);
      await pause(Math.max(0, next + interval - elapsed()));
    }
  }

  private async poll(): Promise<void> {
    const start = elapsed();
    let status = 0;
    let states: Record<string, string> = {};
    try {
      const headers: Record<string, string> = this.apiKey === '' ? {} : { 'X-API-Key': this.apiKey };
      const response = await fetch(`${this.url}/api/aggregate`, { headers, signal: AbortSignal.timeout(this.timeout) });
      const { meta } = (await response.json()) as { meta?: Record<string, { state: string }> };
      states = Object.fromEntries(Object.entries(meta ?? {}).map(([part, { state }]) => [part, state]));
      status = response.status;
    } catch {
      // The request failed, for example because of a fault on the link to the dashboard. The status remains 0.
    }
    this.polls.push({ start, end: elapsed(), status, states });
  }

  /** Waits until the pending requests have ended. */
  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
    await Promise.all(this.pending);
  }
}
