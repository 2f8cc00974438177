// SPDX-License-Identifier: BSL-1.0
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const directory = resolve(process.env['COHORT_BIN'] ?? '../build/release/bin');
const startTimeoutMs = 20_000;

/** A program that can be killed and restarted on the same port. */
export class Program {
  readonly port: number;
  readonly #path: string;
  readonly #arguments: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  #process: ChildProcess | null = null;

  constructor(name: string, port: number, extra: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    this.#path = join(directory, name);
    if (!existsSync(this.#path)) throw new Error(`${this.#path} is missing; run ./dev build release ${name}`);
    this.port = port;
    this.#arguments = ['--port', String(port), '--threads', '2', '--log-level', 'error', ...extra];
    this.#environment = environment;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Completes when the program accepts requests. */
  async start(): Promise<void> {
    const child = spawn(this.#path, this.#arguments, { env: { ...process.env, ...this.#environment }, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#process = child;
    const end = Date.now() + startTimeoutMs;
    while (Date.now() < end && child.exitCode === null) {
      if (await responds(`${this.url}/readyz`)) return;
      await pause(25);
    }
    throw new Error(`${this.#path} does not accept requests on port ${this.port}`);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Sets the faults of a program with `--enable-faults`. */
  async inject(faults: object): Promise<void> {
    const response = await fetch(`${this.url}/api/faults`, { method: 'PUT', body: JSON.stringify(faults), headers: { 'Content-Type': 'application/json' } });
    if (!response.ok) throw new Error(`PUT /api/faults: ${response.status}`);
  }
}

/** The four services. A weather call has a timeout of two seconds. */
export class Stack {
  readonly time: Program;
  readonly system: Program;
  readonly weather: Program;
  readonly dashboard: Program;

  private constructor(ports: readonly number[], settings: { key?: string; weatherUrl?: string }) {
    const [time = 0, system = 0, weather = 0, dashboard = 0] = ports;
    this.time = new Program('time-service', time);
    this.system = new Program('system-info-service', system);
    this.weather = new Program('weather-service', weather, ['--weather-sample', '--enable-faults']);
    const urls = ['--time-service-url', this.time.url, '--sysinfo-service-url', this.system.url];
    const weatherSettings = ['--weather-service-url', settings.weatherUrl ?? this.weather.url, '--weather-service-policy', 'timeout=2s'];
    this.dashboard = new Program('dashboard-service', dashboard, [...urls, ...weatherSettings, '--enable-faults'], settings.key === undefined ? {} : { API_KEY: settings.key });
  }

  static async start(settings: { key?: string; weatherUrl?: string } = {}): Promise<Stack> {
    const stack = new Stack(await findFreePorts(4), settings);
    await Promise.all(stack.#all.map((program) => program.start()));
    return stack;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((program) => program.kill()));
  }

  get #all(): readonly Program[] {
    return [this.time, this.system, this.weather, this.dashboard];
  }
}

async function responds(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

/** Returns currently unused ports, so that a killed program can restart on the same port. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(createServer())));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Starts a weather service that responds with this body. */
export async function startWeatherServer(body: object): Promise<{ url: string; close: () => void }> {
  const server = await listen(
    createServer((_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
