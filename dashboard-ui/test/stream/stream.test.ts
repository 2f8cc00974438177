// SPDX-License-Identifier: BSL-1.0
import { beforeEach, describe, expect, test } from 'vitest';
import { EventStream, type EventSourceLike, type ProbeResult, type StreamDependencies } from '../../src/stream/stream.ts';

const closed = 2;

class FakeSource implements EventSourceLike {
  readyState = 0;
  readonly #listeners = new Map<string, (event: { data?: unknown }) => void>();

  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = closed;
  }

  emit(type: string, data?: string): void {
    this.#listeners.get(type)?.({ data });
  }

  reject(): void {
    this.readyState = closed;
    this.emit('error');
  }
}

/** The dependencies and the listener of a stream, with a clock that advances on request. */
class Fixture {
  time = 0;
  random = 0;
  readonly sources: FakeSource[] = [];
  readonly probes: { signal: AbortSignal; respond: (result: ProbeResult) => Promise<void> }[] = [];
  readonly phases: string[] = [];
  readonly events: [string, string][] = [];
  retryAt: number | null = null;
  #timers: { at: number; action: () => void }[] = [];

  readonly #dependencies: StreamDependencies = {
    open: () => {
      const source = new FakeSource();
      this.sources.push(source);
      return source;
    },
    probe: (signal) =>
      new Promise((resolve) => {
        const respond = async (result: ProbeResult) => {
          resolve(result);
          await Promise.resolve();
        };
        this.probes.push({ signal, respond });
      }),
    schedule: (delayMs, action) => {
      const timer = { at: this.time + delayMs, action };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
    now: () => this.time,
    random: () => this.random,
  };

  readonly stream = new EventStream(this.#dependencies, {
    connection: (connection) => {
      this.phases.push(connection.phase);
      this.retryAt = connection.phase === 'waiting' ? connection.retryAt : null;
    },
    event: (name, data) => this.events.push([name, data]),
  });

  get source(): FakeSource {
    const source = this.sources.at(-1);
    if (source === undefined) throw new Error('no source has been opened');
    return source;
  }

  get probe() {
    const probe = this.probes.at(-1);
    if (probe === undefined) throw new Error('there has been no probe');
    return probe;
  }

  get phase(): string | undefined {
    return this.phases.at(-1);
  }

  get timers(): number {
    return this.#timers.length;
  }

  get openSources(): number {
    return this.sources.filter((source) => source.readyState !== closed).length;
  }

  advance(ms: number): void {
    this.time += ms;
    const expired = this.#timers.filter((timer) => timer.at <= this.time);
    this.#timers = this.#timers.filter((timer) => timer.at > this.time);
    for (const timer of expired) timer.action();
  }
}

let fixture: Fixture;

beforeEach(() => {
  fixture = new Fixture();
  fixture.stream.resume();
});

test('events are forwarded to the listener', () => {
  fixture.source.emit('open');
  fixture.source.emit('time', '{}');
  fixture.source.emit('aggregate', '[]');
  expect(fixture.phases).toEqual(['connecting', 'live']);
  expect(fixture.events).toEqual([['time', '{}'], ['aggregate', '[]']]);
});

describe('lost connection', () => {
  test('the delay doubles up to 5 s', () => {
    const pauses = [1, 2, 4, 5, 5].map((seconds) => seconds * 1_000);
    for (const pause of pauses) {
      fixture.source.emit('error');
      expect(fixture.retryAt).toBe(fixture.time + pause);
      const opened = fixture.sources.length;
      fixture.advance(pause - 1);
      expect(fixture.sources.length).toBe(opened);
      fixture.advance(1);
      expect(fixture.sources.length).toBe(opened + 1);
    }
  });

  test('jitter shortens the delay by up to 50 %', () => {
    fixture.random = 0.999;
    fixture.source.emit('error');
    expect(fixture.retryAt).toBeCloseTo(500, -1);
  });

  test('the browser does not reconnect automatically', () => {
    fixture.source.emit('error');
    expect(fixture.openSources).toBe(0);
  });

  test('an event resets the delay, but an accepted connection does not', () => {
    fixture.source.emit('error');
    fixture.advance(1_000);
    fixture.source.emit('open');
    fixture.source.emit('error');
    expect(fixture.retryAt).toBe(fixture.time + 2_000);
    fixture.advance(2_000);
    fixture.source.emit('open');
    fixture.source.emit('time', '{}');
    fixture.source.emit('error');
    expect(fixture.retryAt).toBe(fixture.time + 1_000);
  });

  test('events of the old source are ignored', () => {
    const old = fixture.source;
    old.emit('error');
    old.emit('time', '{}');
    old.emit('error');
    expect(fixture.events).toEqual([]);
    expect(fixture.phases).toEqual(['connecting', 'waiting']);
  });
});

test('a request to retry connects immediately, but only while the stream waits', () => {
  fixture.stream.retryNow();
  fixture.source.emit('open');
  fixture.stream.retryNow();
  expect(fixture.sources.length).toBe(1);
  fixture.source.emit('error');
  fixture.stream.retryNow();
  expect(fixture.sources.length).toBe(2);
  expect(fixture.phase).toBe('connecting');
  fixture.stream.lock();
  fixture.stream.retryNow();
  expect(fixture.phase).toBe('locked');
});

test('the stream reconnects with a delay after a bye event', () => {
  fixture.source.emit('open');
  fixture.source.emit('bye');
  expect(fixture.phase).toBe('waiting');
  expect(fixture.openSources).toBe(0);
});

describe('connection without events', () => {
  test('a connection without events is closed after 6 s', () => {
    fixture.source.emit('open');
    fixture.advance(5_999);
    expect(fixture.phase).toBe('live');
    fixture.advance(1);
    expect(fixture.phase).toBe('waiting');
  });

  test('any event keeps a connection open', () => {
    fixture.source.emit('open');
    fixture.advance(5_000);
    fixture.source.emit('time', '{}');
    fixture.advance(5_000);
    expect(fixture.phase).toBe('live');
  });

  test('a connection that was never accepted is closed', () => {
    fixture.advance(6_000);
    expect(fixture.phase).toBe('waiting');
  });
});

describe('rejected stream', () => {
  test('a rejected stream is locked if the probe returns unauthorized', async () => {
    fixture.source.reject();
    expect(fixture.phase).toBe('checking');
    await fixture.probe.respond('unauthorized');
    expect(fixture.phase).toBe('locked');
    expect(fixture.timers).toBe(0);
  });

  test('a rejected stream is retried later if the probe does not return unauthorized', async () => {
    fixture.source.reject();
    await fixture.probe.respond('other');
    expect(fixture.phase).toBe('waiting');
  });

  test('the probe of a rejected stream has a timeout', async () => {
    fixture.source.reject();
    fixture.advance(4_000);
    expect(fixture.phase).toBe('waiting');
    expect(fixture.probe.signal.aborted).toBe(true);
    await fixture.probe.respond('unauthorized');
    expect(fixture.phase).toBe('waiting');
  });
});

describe('locked stream', () => {
  beforeEach(async () => {
    fixture.source.reject();
    await fixture.probe.respond('unauthorized');
  });

  test('a locked stream opens when it is unlocked', () => {
    fixture.stream.unlock();
    expect(fixture.phase).toBe('connecting');
    expect(fixture.openSources).toBe(1);
  });

  test('a locked stream stays locked when the page is hidden and shown', () => {
    fixture.stream.pause();
    fixture.stream.resume();
    expect(fixture.phase).toBe('locked');
    expect(fixture.openSources).toBe(0);
  });
});

describe('paused stream', () => {
  test.each([
    ['connecting', () => {}],
    ['live', () => fixture.source.emit('open')],
    ['waiting', () => fixture.source.emit('error')],
    ['checking', () => fixture.source.reject()],
  ])('a paused stream closes its connection, timers and probes if it was %s', async (_, reach) => {
    reach();
    fixture.stream.pause();
    expect(fixture.phase).toBe('paused');
    expect([fixture.openSources, fixture.timers]).toEqual([0, 0]);
    expect(fixture.probes.every(({ signal }) => signal.aborted)).toBe(true);
  });

  test('a paused stream connects immediately when the page is shown', () => {
    for (let i = 0; i < 4; i += 1) {
      fixture.source.emit('error');
      fixture.advance(30_000);
    }
    fixture.stream.pause();
    fixture.stream.resume();
    expect(fixture.phase).toBe('connecting');
    fixture.source.emit('error');
    expect(fixture.retryAt).toBe(fixture.time + 1_000);
  });

  test('a key does not unlock a paused stream', () => {
    fixture.stream.pause();
    fixture.stream.unlock();
    expect(fixture.phase).toBe('paused');
  });
});

test('a locked stream is closed and stays closed until it is unlocked', () => {
  fixture.source.emit('open');
  fixture.stream.lock();
  expect(fixture.phase).toBe('locked');
  expect(fixture.openSources).toBe(0);
  expect(fixture.timers).toBe(0);
  fixture.stream.resume();
  expect(fixture.openSources).toBe(0);
  fixture.stream.unlock();
  expect(fixture.openSources).toBe(1);
});
