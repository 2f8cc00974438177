import type { EventName } from './model.ts';

export type Connection =
  | { readonly phase: 'connecting' | 'live' | 'checking' | 'locked' | 'paused' }
  | { readonly phase: 'waiting'; readonly retryAt: number };

/** What a plain request says about a stream that the server refused. */
export type ProbeResult = 'unauthorized' | 'other';

/** The part of `EventSource` that the stream uses. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** The world outside of the stream. */
export interface StreamPorts {
  open(): EventSourceLike;
  probe(signal: AbortSignal): Promise<ProbeResult>;
  /** Runs `action` after `delayMs`; the result cancels it. */
  schedule(delayMs: number, action: () => void): () => void;
  now(): number;
  /** From 0 inclusive to 1 exclusive. */
  random(): number;
}

export interface StreamListener {
  connection(connection: Connection): void;
  event(name: EventName, data: string): void;
}

const eventNames: readonly EventName[] = ['time', 'aggregate', 'alerts'];
/** `EventSource.CLOSED`; a number here, so that the machine runs without a browser. */
const closed = 2;
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;
/** A peer that vanished without a word leaves a stream that is open and silent for ever. */
const silenceLimitMs = 15_000;
/** An aggregate may take as long as the weather's deadline of 5 s. */
const probeLimitMs = 8_000;

/**
 * Keeps one event stream to the server as long as the page is visible.
 *
 * `EventSource` reconnects at a fixed pace after a lost connection and never after a refusal, so that every failure is taken
 * out of its hands: it is closed, and opened again after 1, 2, 4 … 30 s, shortened at random by up to half.
 */
export class EventStream {
  readonly #ports: StreamPorts;
  readonly #listener: StreamListener;
  #phase: Connection['phase'] = 'paused';
  #failures = 0;
  #release: () => void = () => {};
  #cancelTimer: () => void = () => {};

  constructor(ports: StreamPorts, listener: StreamListener) {
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Opens a paused stream. */
  resume(): void {
    if (this.#phase === 'paused') this.#restart();
  }

  /** Closes the stream until `resume`; a stream that wants a key stays as it is. */
  pause(): void {
    if (this.#phase !== 'locked') this.#enter({ phase: 'paused' });
  }

  /** Opens a stream that wanted a key. */
  unlock(): void {
    if (this.#phase === 'locked') this.#restart();
  }

  #restart(): void {
    this.#failures = 0;
    this.#connect();
  }

  #connect(): void {
    this.#enter({ phase: 'connecting' });
    const source = this.#ports.open();
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
    this.#watchSilence();
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
    this.#watchSilence();
    this.#listener.connection({ phase: 'live' });
  }

  #received(name: EventName, data: unknown): void {
    // Not at `open`: a server that accepts and drops at once must still see the pauses grow.
    this.#failures = 0;
    this.#watchSilence();
    this.#listener.event(name, typeof data === 'string' ? data : '');
  }

  #watchSilence(): void {
    this.#after(silenceLimitMs, () => this.#retryLater());
  }

  /** `EventSource` hides the status of a refusal; a plain request sees it. */
  async #findReason(): Promise<void> {
    this.#enter({ phase: 'checking' });
    const request = new AbortController();
    this.#release = () => request.abort();
    this.#after(probeLimitMs, () => this.#retryLater());
    const result = await this.#ports.probe(request.signal);
    if (request.signal.aborted) return;
    if (result === 'unauthorized') this.#enter({ phase: 'locked' });
    else this.#retryLater();
  }

  #retryLater(): void {
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures);
    const delay = longest * (1 - this.#ports.random() / 2);
    this.#failures += 1;
    this.#enter({ phase: 'waiting', retryAt: this.#ports.now() + delay });
    this.#after(delay, () => this.#connect());
  }

  #after(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#ports.schedule(delayMs, action);
  }

  /** Leaves the present phase with all that it holds. */
  #enter(connection: Connection): void {
    this.#cancelTimer();
    this.#release();
    this.#cancelTimer = this.#release = () => {};
    this.#phase = connection.phase;
    this.#listener.connection(connection);
  }
}
