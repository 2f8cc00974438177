import { beforeEach, describe, expect, test } from 'vitest';
import { EventStream, type EventSourceLike, type ProbeResult, type StreamPorts } from '../src/stream.ts';

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

  refuse(): void {
    this.readyState = closed;
    this.emit('error');
  }
}

/** A world whose time stands still until it is advanced. */
class World {
  time = 0;
  random = 0;
  readonly sources: FakeSource[] = [];
  readonly probes: { signal: AbortSignal; answer: (result: ProbeResult) => Promise<void> }[] = [];
  readonly phases: string[] = [];
  readonly events: [string, string][] = [];
  retryAt: number | null = null;
  #timers: { at: number; action: () => void }[] = [];

  readonly #ports: StreamPorts = {
    open: () => {
      const source = new FakeSource();
      this.sources.push(source);
      return source;
    },
    probe: (signal) =>
      new Promise((resolve) => {
        const answer = async (result: ProbeResult) => {
          resolve(result);
          await Promise.resolve();
        };
        this.probes.push({ signal, answer });
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

  readonly stream = new EventStream(this.#ports, {
    connection: (connection) => {
      this.phases.push(connection.phase);
      this.retryAt = connection.phase === 'waiting' ? connection.retryAt : null;
    },
    event: (name, data) => this.events.push([name, data]),
  });

  get source(): FakeSource {
    const source = this.sources.at(-1);
    if (source === undefined) throw new Error('no source was opened');
    return source;
  }

  get probe() {
    const probe = this.probes.at(-1);
    if (probe === undefined) throw new Error('nothing was probed');
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
    const due = this.#timers.filter((timer) => timer.at <= this.time);
    this.#timers = this.#timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.action();
  }
}

let world: World;

beforeEach(() => {
  world = new World();
  world.stream.resume();
});

test('events are passed on', () => {
  world.source.emit('open');
  world.source.emit('time', '{}');
  world.source.emit('aggregate', '[]');
  expect(world.phases).toEqual(['connecting', 'live']);
  expect(world.events).toEqual([['time', '{}'], ['aggregate', '[]']]);
});

describe('after a lost connection', () => {
  test('the pauses double up to 30 s', () => {
    const pauses = [1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1_000);
    for (const pause of pauses) {
      world.source.emit('error');
      expect(world.retryAt).toBe(world.time + pause);
      const opened = world.sources.length;
      world.advance(pause - 1);
      expect(world.sources.length).toBe(opened);
      world.advance(1);
      expect(world.sources.length).toBe(opened + 1);
    }
  });

  test('chance shortens a pause by up to half', () => {
    world.random = 0.999;
    world.source.emit('error');
    expect(world.retryAt).toBeCloseTo(500, -1);
  });

  test('the browser does not reconnect beside the stream', () => {
    world.source.emit('error');
    expect(world.openSources).toBe(0);
  });

  test('an event starts the pauses anew, an accepted connection alone does not', () => {
    world.source.emit('error');
    world.advance(1_000);
    world.source.emit('open');
    world.source.emit('error');
    expect(world.retryAt).toBe(world.time + 2_000);
    world.advance(2_000);
    world.source.emit('open');
    world.source.emit('time', '{}');
    world.source.emit('error');
    expect(world.retryAt).toBe(world.time + 1_000);
  });

  test('nothing that the old source still says is heard', () => {
    const old = world.source;
    old.emit('error');
    old.emit('time', '{}');
    old.emit('error');
    expect(world.events).toEqual([]);
    expect(world.phases).toEqual(['connecting', 'waiting']);
  });
});

test('a server that says bye is left and asked again later', () => {
  world.source.emit('open');
  world.source.emit('bye');
  expect(world.phase).toBe('waiting');
  expect(world.openSources).toBe(0);
});

describe('a silent connection', () => {
  test('is given up after 15 s', () => {
    world.source.emit('open');
    world.advance(14_999);
    expect(world.phase).toBe('live');
    world.advance(1);
    expect(world.phase).toBe('waiting');
  });

  test('is kept by any event', () => {
    world.source.emit('open');
    world.advance(14_000);
    world.source.emit('time', '{}');
    world.advance(14_000);
    expect(world.phase).toBe('live');
  });

  test('is given up also when it was never accepted', () => {
    world.advance(15_000);
    expect(world.phase).toBe('waiting');
  });
});

describe('a refused stream', () => {
  test('asks why, and wants a key when it is not let in', async () => {
    world.source.refuse();
    expect(world.phase).toBe('checking');
    await world.probe.answer('unauthorized');
    expect(world.phase).toBe('locked');
    expect(world.timers).toBe(0);
  });

  test('is tried again later for any other reason', async () => {
    world.source.refuse();
    await world.probe.answer('other');
    expect(world.phase).toBe('waiting');
  });

  test('does not wait for ever to hear why', async () => {
    world.source.refuse();
    world.advance(8_000);
    expect(world.phase).toBe('waiting');
    expect(world.probe.signal.aborted).toBe(true);
    await world.probe.answer('unauthorized');
    expect(world.phase).toBe('waiting');
  });
});

describe('a locked stream', () => {
  beforeEach(async () => {
    world.source.refuse();
    await world.probe.answer('unauthorized');
  });

  test('opens when it is unlocked', () => {
    world.stream.unlock();
    expect(world.phase).toBe('connecting');
    expect(world.openSources).toBe(1);
  });

  test('stays locked while the page is hidden and shown', () => {
    world.stream.pause();
    world.stream.resume();
    expect(world.phase).toBe('locked');
    expect(world.openSources).toBe(0);
  });
});

describe('a paused stream', () => {
  test.each([
    ['connecting', () => {}],
    ['live', () => world.source.emit('open')],
    ['waiting', () => world.source.emit('error')],
    ['checking', () => world.source.refuse()],
  ])('holds nothing, though it was %s', async (_, reach) => {
    reach();
    world.stream.pause();
    expect(world.phase).toBe('paused');
    expect([world.openSources, world.timers]).toEqual([0, 0]);
    expect(world.probes.every(({ signal }) => signal.aborted)).toBe(true);
  });

  test('connects at once when the page is seen again', () => {
    for (let i = 0; i < 4; i += 1) {
      world.source.emit('error');
      world.advance(30_000);
    }
    world.stream.pause();
    world.stream.resume();
    expect(world.phase).toBe('connecting');
    world.source.emit('error');
    expect(world.retryAt).toBe(world.time + 1_000);
  });

  test('is not unlocked by a key', () => {
    world.stream.pause();
    world.stream.unlock();
    expect(world.phase).toBe('paused');
  });
});
