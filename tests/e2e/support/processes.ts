// SPDX-License-Identifier: BSL-1.0
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** The root directory of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

const children = new Set<ChildProcess>();

/**
 * Terminates all child processes when this program exits or receives a signal. `onSignal` runs first after a signal.
 */
export function terminateChildrenOnExit(onSignal: () => void = () => undefined): void {
  process.once('exit', () => {
    for (const child of children) child.kill('SIGTERM');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      onSignal();
      process.exit(130);
    });
  }
}

/** A process that runs in the background until it is stopped. Its output is written to a log file. */
export class BackgroundProcess {
  readonly exitStatus: Promise<number>;
  private outputText = '';

  constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    log: string,
  ) {
    children.add(child);
    const file = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        file.write(bytes);
        this.outputText += bytes.toString();
      });
    }
    this.exitStatus = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (status, signal) => {
        children.delete(child);
        resolve(status ?? (signal ? 128 : 1));
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The output up to now. */
  get output(): string {
    return this.outputText;
  }

  /** Sends SIGTERM and returns the exit status. */
  async stop(): Promise<number> {
    this.child.kill('SIGTERM');
    return this.exitStatus;
  }

  /** Sends SIGKILL, unless the process has ended, and returns the exit status. */
  async kill(): Promise<number> {
    this.child.kill('SIGKILL');
    return this.exitStatus;
  }
}

export function startProcess(
  name: string,
  program: string,
  args: string[],
  log: string,
  environment: Record<string, string> = {},
): BackgroundProcess {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  return new BackgroundProcess(name, child, log);
}

/** Runs a process to completion. */
export async function runProcess(program: string, args: string[], input = ''): Promise<{ status: number; output: string }> {
  const child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  // If a process does not read its input, the exit status reports the problem.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { status, output };
}

/** Runs a process to completion and returns its output. Throws unless its exit status is 0. */
export async function runSuccessfully(program: string, args: string[], input = ''): Promise<string> {
  const { status, output } = await runProcess(program, args, input);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}:\n${output.slice(-4000)}`);
  return output;
}

/** Whether a server can listen on the port of 127.0.0.1 at the time of the call. */
function isFreePort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * Returns ports that are free at the time of the call. The ports are below the ephemeral range, so that no client
 * connection uses one of them before its server listens, or while its server restarts.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const firstClientPort = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/)[0]);
  const first = 10_000;
  const end = Math.max(firstClientPort, 2 * first);
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = first + Math.floor((end - first) * Math.random());
    if (await isFreePort(port)) ports.add(port);
  }
  return [...ports];
}

/**
 * Responds to every request with a `format=j1` document as wttr.in does, so that the checks do not depend on the
 * internet.
 */
export class FakeWeatherProvider {
  private readonly server = createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(
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

  /** Starts listening and returns the port. */
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
