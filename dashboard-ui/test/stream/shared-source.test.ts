// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { SharedSource, type Channel } from '../../src/stream/shared-source.ts';

type Listener = (event: { readonly data?: unknown }) => void;

/** A browser with pages that share a channel and a lock, and the connections that they have opened. */
class Browser {
  readonly connections: Connection[] = [];
  readonly #pagesOfChannel = new Map<Channel, (message: unknown) => void>();
  readonly #waiting: { readonly signal: AbortSignal; readonly held: () => Promise<void> }[] = [];
  #isHeld = false;
  #pages = 0;

  page(): { source: SharedSource; received: string[] } {
    const source = new SharedSource(
      {
        open: () => {
          const connection = new Connection();
          this.connections.push(connection);
          return connection;
        },
        channel: (receive) => this.#join(receive),
        lock: (signal, held) => {
          this.#waiting.push({ signal, held });
          this.#grant();
          return Promise.resolve();
        },
        id: ++this.#pages,
      },
      ['time', 'part', 'bye'],
      ['time'],
    );
    const received: string[] = [];
    for (const type of ['open', 'time', 'part', 'bye', 'error']) source.addEventListener(type, ({ data }) => received.push(`${type} ${String(data)}`.trim()));
    return { source, received };
  }

  #join(receive: (message: unknown) => void): Channel {
    const pages = this.#pagesOfChannel;
    const channel: Channel = {
      postMessage: (message) => {
        for (const [other, deliver] of pages) if (other !== channel) queueMicrotask(() => pages.has(other) && deliver(message));
      },
      close: () => pages.delete(channel),
    };
    pages.set(channel, receive);
    return channel;
  }

  #grant(): void {
    if (this.#isHeld) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    if (next.signal.aborted) return this.#grant();
    this.#isHeld = true;
    void next.held().then(() => {
      this.#isHeld = false;
      this.#grant();
    });
  }
}

class Connection {
  readyState = 0;
  readonly #listeners = new Map<string, Listener[]>();
  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  close(): void {
    this.readyState = 2;
  }
  send(type: string, data = ''): void {
    this.#listeners.get(type)?.forEach((listener) => listener({ data }));
  }
}

const flushTasks = () => new Promise((resolve) => setTimeout(resolve, 0));

test('many pages share one connection, and all pages receive its events', async () => {
  const browser = new Browser();
  const pages = Array.from({ length: 12 }, () => browser.page());
  expect(browser.connections).toHaveLength(1);
  await flushTasks();
  browser.connections[0]?.send('open');
  browser.connections[0]?.send('time', '1');
  await flushTasks();
  for (const { received } of pages) expect(received).toEqual(['open', 'time 1']);
});

test('only a new page receives the last retained events', async () => {
  const browser = new Browser();
  const first = browser.page();
  const second = browser.page();
  await flushTasks();
  browser.connections[0]?.send('open');
  browser.connections[0]?.send('time', '1');
  browser.connections[0]?.send('part', 'old');
  await flushTasks();
  const late = browser.page();
  await flushTasks();
  expect(late.received).toEqual(['open', 'time 1']);
  expect(late.source.readyState).toBe(1);
  expect(first.received).toEqual(['open', 'time 1', 'part old']);
  expect(second.received).toEqual(first.received);
});

test('when the leader closes, another page becomes the leader', async () => {
  const browser = new Browser();
  const first = browser.page();
  const second = browser.page();
  const third = browser.page();
  await flushTasks();
  browser.connections[0]?.send('open');
  await flushTasks();
  first.source.close();
  await flushTasks();
  expect(browser.connections.map(({ readyState }) => readyState)).toEqual([2, 0]);
  browser.connections[1]?.send('open');
  browser.connections[1]?.send('time', '2');
  await flushTasks();
  expect(second.received).toEqual(['open', 'open', 'time 2']);
  expect(third.received).toEqual(second.received);
  expect(first.received).toEqual(['open']);
});

test('a closed page does not become the leader', async () => {
  const browser = new Browser();
  const [first, second] = [browser.page(), browser.page()];
  second.source.close();
  first.source.close();
  await flushTasks();
  expect(browser.connections).toHaveLength(1);
});

test.each([[0, 0], [2, 2]])('an error of a connection with the state %i reaches all pages', async (connectionState, state) => {
  const browser = new Browser();
  const pages = [browser.page(), browser.page()];
  const [connection] = browser.connections;
  if (connection === undefined) throw new Error('no connection');
  connection.readyState = connectionState;
  connection.send('error');
  await flushTasks();
  for (const { source, received } of pages) {
    expect(received).toEqual(['error']);
    expect(source.readyState).toBe(state);
  }
});
