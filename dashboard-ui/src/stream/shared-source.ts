// SPDX-License-Identifier: BSL-1.0
import type { EventSourceLike } from './stream.ts';

/** The members of `BroadcastChannel` that are used. */
export interface Channel {
  postMessage(message: unknown): void;
  close(): void;
}

/** Dependencies, replaced in tests. */
export interface SharedSourceDependencies {
  /** Opens a connection to the server. */
  open(): EventSourceLike;
  /** Joins the channel; `receive` is called asynchronously with the messages of other pages. */
  channel(receive: (message: unknown) => void): Channel;
  /**
   * Calls `held` when this page holds the lock exclusively; the lock is released when the promise that `held` returns
   * resolves. The promise that `lock` returns is rejected after an abort.
   */
  lock(signal: AbortSignal, held: () => Promise<void>): Promise<unknown>;
  /** Unique number of the page. */
  readonly id: number;
}

type Message =
  | { readonly kind: 'hello'; readonly from: number }
  /** `to`: the only recipient; all pages if undefined. */
  | { readonly kind: 'event'; readonly type: string; readonly data: string; readonly to?: number }
  | { readonly kind: 'error'; readonly rejected: boolean };

type Listener = (event: { readonly data?: unknown }) => void;

const states = { connecting: 0, open: 1, closed: 2 } as const;

/**
 * One event stream for all pages of this origin: browsers allow six connections per origin, and the server load is
 * lower. The page that holds the lock is the leader: it has the connection, and sends its events to the other pages. If
 * the leader closes, another page becomes the leader. A new page receives the last event of each retained type. An
 * error is sent to all pages, and each page then opens a new source.
 */
export class SharedSource implements EventSourceLike {
  readonly #dependencies: SharedSourceDependencies;
  readonly #types: readonly string[];
  readonly #retained: readonly string[];
  readonly #listeners = new Map<string, Listener[]>();
  readonly #channel: Channel;
  readonly #abort = new AbortController();
  /** In the leader: the last event of each retained type. */
  readonly #latest = new Map<string, string>();
  #state: number = states.connecting;
  #source: EventSourceLike | null = null;
  #release: () => void = () => {};

  /**
   * `types` are the events that are forwarded. A page that joins receives the last event of each type in `retained`.
   */
  constructor(dependencies: SharedSourceDependencies, types: readonly string[], retained: readonly string[]) {
    this.#dependencies = dependencies;
    this.#types = types;
    this.#retained = retained;
    this.#channel = dependencies.channel((message) => {
      if (this.#state !== states.closed) this.#received(message as Message);
    });
    this.#channel.postMessage({ kind: 'hello', from: dependencies.id } satisfies Message);
    dependencies.lock(this.#abort.signal, () => this.#lead()).catch(() => {});
  }

  get readyState(): number {
    return this.#state;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.#state = states.closed;
    this.#channel.close();
    this.#source?.close();
    this.#source = null;
    this.#abort.abort();
    this.#release();
  }

  #lead(): Promise<void> {
    if (this.#state === states.closed) return Promise.resolve();
    const source = (this.#source = this.#dependencies.open());
    const forward = (type: string, data: string): void => {
      this.#channel.postMessage({ kind: 'event', type, data } satisfies Message);
      this.#dispatch(type, data);
    };
    for (const type of this.#types) {
      source.addEventListener(type, ({ data }) => {
        const text = typeof data === 'string' ? data : '';
        if (this.#retained.includes(type)) this.#latest.set(type, text);
        forward(type, text);
      });
    }
    source.addEventListener('open', () => forward('open', ''));
    source.addEventListener('error', () => {
      const rejected = source.readyState === states.closed;
      this.#channel.postMessage({ kind: 'error', rejected } satisfies Message);
      this.#fail(rejected);
    });
    return new Promise((resolve) => (this.#release = resolve));
  }

  #received(message: Message): void {
    switch (message.kind) {
      case 'hello':
        if (this.#source !== null && this.#state === states.open) this.#sendLastEvents(message.from);
        break;
      case 'event':
        if (message.to !== undefined && message.to !== this.#dependencies.id) break;
        // The page may have joined after the `open` event of the leader. A new leader sends the first events of its
        // connection again.
        if (this.#state === states.connecting && message.type !== 'open') this.#dispatch('open', '');
        this.#dispatch(message.type, message.data);
        break;
      case 'error':
        this.#fail(message.rejected);
        break;
    }
  }

  #sendLastEvents(to: number): void {
    for (const [type, data] of this.#latest) this.#channel.postMessage({ kind: 'event', type, data, to } satisfies Message);
  }

  #fail(rejected: boolean): void {
    this.#state = rejected ? states.closed : states.connecting;
    this.#dispatch('error', '');
  }

  #dispatch(type: string, data: string): void {
    if (type === 'open') this.#state = states.open;
    for (const listener of this.#listeners.get(type) ?? []) listener({ data });
  }
}

/**
 * The stream at a URL, shared by all pages of this browser, or a separate stream of this page if the browser has no Web
 * Locks. Web Locks require a secure context (https, or a loopback address).
 */
export function openShared(url: string, types: readonly string[], retained: readonly string[]): EventSourceLike {
  const open = () => new EventSource(url);
  if (!('locks' in navigator) || typeof BroadcastChannel !== 'function') return open();
  const name = `cohort ${new URL(url, document.baseURI).href}`;
  const dependencies = {
    open,
    channel: (receive: (message: unknown) => void) => {
      const channel = new BroadcastChannel(name);
      channel.addEventListener('message', ({ data }) => receive(data));
      return channel;
    },
    lock: (signal: AbortSignal, held: () => Promise<void>) => navigator.locks.request(name, { signal }, held),
    id: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  };
  return new SharedSource(dependencies, types, retained);
}
