import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const running = new Set<ChildProcess>();

/** However this program ends, so does what it has started; by a signal after `first`. */
export function endAllAtExit(first: () => void = () => undefined): void {
  process.once('exit', () => {
    for (const child of running) child.kill('SIGTERM');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      first();
      process.exit(130);
    });
  }
}

/** A program that runs until it is told to end; what it says goes into a file. */
export class Running {
  readonly ended: Promise<number>;
  private said = '';

  constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    log: string,
  ) {
    running.add(child);
    const file = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        file.write(bytes);
        this.said += bytes.toString();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status, signal) => {
        running.delete(child);
        resolve(status ?? (signal ? 128 : 1));
      });
    });
  }

  /** All that it has said so far. */
  get output(): string {
    return this.said;
  }

  async stop(): Promise<number> {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}

export function start(
  name: string,
  program: string,
  args: string[],
  log: string,
  environment: Record<string, string> = {},
): Running {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Running(name, child, log);
}

/** A program that ends by itself. */
export async function run(program: string, args: string[], input = ''): Promise<{ status: number; output: string }> {
  const child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  // Who does not read says so by its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { status, output };
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((each) => new Promise<void>((done) => each.listen(0, '127.0.0.1', done))));
  const ports = servers.map((each) => (each.address() as AddressInfo).port);
  await Promise.all(servers.map((each) => new Promise((done) => each.close(done))));
  return ports;
}

/** Says what wttr.in's `format=j1` would, so that the weather does not depend on the internet. */
export class WeatherProvider {
  private readonly server = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'application/json');
    answer.end(
      JSON.stringify({
        current_condition: [
          { FeelsLikeC: '20', humidity: '64', temp_C: '21', temp_F: '70', weatherDesc: [{ value: 'Partly cloudy' }], windspeedKmph: '13' },
        ],
        nearest_area: [
          { areaName: [{ value: 'Hefa' }], country: [{ value: 'Israel' }], latitude: '32.817', longitude: '34.989' },
        ],
      }),
    );
  });

  /** The port that it listens on. */
  listen(host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
