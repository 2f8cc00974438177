// SPDX-License-Identifier: BSL-1.0
import { eventNames, type EventName } from '../model.ts';

export type Connection =
  | { readonly phase: 'connecting' | 'live' | 'checking' | 'locked' | 'paused' }
  | { readonly phase: 'waiting'; readonly retryAt: number };

/** The reason why the server rejected the stream, determined by a separate request. */
export type ProbeResult = 'unauthorized' | 'other';

/** The members of `EventSource` that the stream uses. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** Dependencies of the stream, replaced in tests. */
export interface StreamDependencies {
  open(): EventSourceLike;
  probe(signal: AbortSignal): Promise<ProbeResult>;
  /** Runs `action` after `delayMs`. Returns a function that cancels it. */
  schedule(delayMs: number, action: () => void): () => void;
  now(): number;
  /** Returns a random number of at least 0 and less than 1. */
  random(): number;
}

export interface StreamListener {
  connection(connection: Connection): void;
  event(name: EventName, data: string): void;
}

/** The value of `EventSource.CLOSED`, which is not defined in tests. */
const closed = 2;
const minRetryMs = 1_000;
const maxRetryMs = 5_000;
/** Time without events after which a connection counts as lost; the server sends an event every second. */
const idleTimeoutMs = 6_000;
const probeTimeoutMs = 4_000;

/**
 * Keeps one event stream open while the page is visible.
 *
 * `EventSource` reconnects with a fixed delay when the connection is lost, and does not reconnect after a rejection.
 * Therefore `EventStream` closes the `EventSource` after each failure and opens a new one after 1, 2, 4, 5, 5 … s with
 * up to 50 % jitter.
 */
export class EventStream {
  readonly #dependencies: StreamDependencies;
  readonly #listener: StreamListener;
  #phase: Connection['phase'] = 'paused';
  #failures = 0;
  #release: () => void = () => {};
  #cancelTimer: () => void = () => {};

  constructor(dependencies: StreamDependencies, listener: StreamListener) {
    this.#dependencies = dependencies;
    this.#listener = listener;
  }

  /** Opens a paused stream. */
  resume(): void {
    if (this.#phase === 'paused') this.#restart();
  }

  /** Closes the stream until `resume`. A locked stream stays locked. */
  pause(): void {
    if (this.#phase !== 'locked') this.#enter({ phase: 'paused' });
  }

  /** Closes the stream until `unlock`. */
  lock(): void {
    this.#enter({ phase: 'locked' });
  }

  /** Opens a locked stream. */
  unlock(): void {
    if (this.#phase === 'locked') this.#restart();
  }

  /** Opens a new stream without a delay, unless one is open or the stream is locked. */
  retryNow(): void {
    if (this.#phase === 'waiting') this.#restart();
  }

  #restart(): void {
    this.#failures = 0;
    this.#connect();
  }

  #connect(): void {
    this.#enter({ phase: 'connecting' });
    const source = this.#dependencies.open();
    let current = true;
    this.#release = () => {
      current = false;
      source.close();
    };
    const on = (type: string, action: (data: unknown) => void): void => {
      source.addEventListener(type, (event) => {
        if (current) action(event.data);
      });
    };
    this.#restartIdleTimer();
    on('open', () => this.#opened());
    for (const name of eventNames) on(name, (data) => this.#received(name, data));
    on('bye', () => this.#retryLater());
    on('error', () => {
      if (source.readyState === closed) void this.#findReason();
      else this.#retryLater();
    });
  }

  #opened(): void {
    this.#phase = 'live';
    this.#restartIdleTimer();
    this.#listener.connection({ phase: 'live' });
  }

  #received(name: EventName, data: unknown): void {
    // The event `open` does not reset the delays, because the delays must also increase if the server closes accepted
    // streams immediately.
    this.#failures = 0;
    this.#restartIdleTimer();
    this.#listener.event(name, typeof data === 'string' ? data : '');
  }

  #restartIdleTimer(): void {
    this.#after(idleTimeoutMs, () => this.#retryLater());
  }

  /** Requests the status of a rejection separately, because `EventSource` does not reveal it. */
  async #findReason(): Promise<void> {
    this.#enter({ phase: 'checking' });
    const request = new AbortController();
    this.#release = () => request.abort();
    this.#after(probeTimeoutMs, () => this.#retryLater());
    const result = await this.#dependencies.probe(request.signal);
    if (request.signal.aborted) return;
    if (result === 'unauthorized') this.#enter({ phase: 'locked' });
    else this.#retryLater();
  }

  #retryLater(): void {
    const maxDelay = Math.min(maxRetryMs, minRetryMs * 2 ** this.#failures);
    const delay = maxDelay * (1 - this.#dependencies.random() / 2);
    this.#failures += 1;
    this.#enter({ phase: 'waiting', retryAt: this.#dependencies.now() + delay });
    this.#after(delay, () => this.#connect());
  }

  #after(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#dependencies.schedule(delayMs, action);
  }

  /** Leaves the current phase and releases its resources. */
  #enter(connection: Connection): void {
    this.#cancelTimer();
    this.#release();
    this.#cancelTimer = this.#release = () => {};
    this.#phase = connection.phase;
    this.#listener.connection(connection);
  }
}
