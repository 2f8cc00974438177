// SPDX-License-Identifier: BSL-1.0
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pause } from '../../e2e/support/assertions.ts';
import type { BackgroundProcess } from '../../e2e/support/processes.ts';
import { findFreePorts, startProcess } from '../../e2e/support/processes.ts';

export interface Command {
  program: string;
  args: string[];
  environment?: Record<string, string>;
}

/** A server that a benchmark measures. */
export interface Server {
  /** The name in the table, with the version of the framework. */
  name: string;
  /** Returns the command that serves on a port of 127.0.0.1. Throws if the server is unavailable; the message is the reason. */
  command(port: number): Command;
  path: string;
  /** The file of the certificate authority, for HTTPS. */
  certificateAuthority?: string;
  /** Time of load before the measurement, in seconds; default 1. Just-in-time compilers need more. */
  warmUpSeconds?: number;
  /** Whether it writes a log line per request, which goes to /dev/null. */
  discardsOutput?: boolean;
  /** Whether the server allocates by `malloc`, so that its allocations can be counted. */
  usesMalloc?: boolean;
}

export interface Response {
  body: string;
  /** Bytes of the header section and the body. */
  bytes: number;
}

/** A server in its own process, pinned to one processor. */
export class RunningServer {
  private constructor(
    readonly server: Server,
    readonly url: string,
    private readonly process: BackgroundProcess,
  ) {}

  /** Starts `server` and waits until it responds. `environment` is added to its environment. */
  static async start(server: Server, core: number, directory: string, environment: Record<string, string> = {}): Promise<RunningServer> {
    const [port = 0] = await findFreePorts(1);
    const command = server.command(port);
    const scheme = server.certificateAuthority === undefined ? 'http' : 'https';
    const words = ['taskset', '-c', String(core), command.program, ...command.args];
    const commandWithoutOutput = ['sh', '-c', 'exec "$0" "$@" >/dev/null 2>&1', ...words];
    const [program = '', ...args] = server.discardsOutput ? commandWithoutOutput : words;
    const running = new RunningServer(
      server,
      `${scheme}://127.0.0.1:${port}${server.path}`,
      startProcess(server.name, program, args, join(directory, 'server.log'), {
        TZ: 'UTC',
        GOMAXPROCS: '1',
        NODE_ENV: 'production',
        PYTHONDONTWRITEBYTECODE: '1',
        ...command.environment,
        ...environment,
      }),
    );
    let exited = false;
    void running.process.exitStatus.then(() => (exited = true));
    for (let attempt = 0; attempt < 200 && !exited; attempt++) {
      try {
        running.get();
        return running;
      } catch {
        await pause(50);
      }
    }
    await running.stop();
    throw new Error(`${server.name} does not respond at ${running.url}: ${running.process.output.slice(-1000)}`);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Sends one request. Throws unless its status is 200. */
  get(): Response {
    const authority = this.server.certificateAuthority;
    const tls = authority === undefined ? [] : ['--tlsv1.3', '--cacert', authority];
    const args = ['-sf', '--http1.1', '--max-time', '2', ...tls, '-w', '\n%{size_header}', this.url];
    const output = execFileSync('curl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const end = output.lastIndexOf('\n');
    const body = output.slice(0, end);
    return { body, bytes: Number(output.slice(end + 1)) + Buffer.byteLength(body) };
  }

  /** Returns the CPU time of all threads of the process and its children up to now, in nanoseconds. */
  cpuNanoseconds(): number {
    return this.processes().reduce((sum, pid) => sum + threadTimes(pid), 0);
  }

  /** Terminates the process and its children. A drain is aborted after one second, because clients may keep their connections. */
  async stop(): Promise<void> {
    const processes = this.processes();
    const stopped = await Promise.race([this.process.stop().then(() => true), pause(1000).then(() => false)]);
    for (const pid of stopped ? processes.slice(1) : processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has ended.
      }
    }
    await this.process.exitStatus;
  }

  /** The IDs of the process and its descendants. */
  processes(): number[] {
    const all = [this.process.pid];
    // The list grows while it is iterated.
    for (const pid of all) {
      try {
        for (const thread of readdirSync(`/proc/${pid}/task`)) {
          const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
          if (children !== '') all.push(...children.split(' ').map(Number));
        }
      } catch {
        // The process has ended.
      }
    }
    return all;
  }
}

function threadTimes(pid: number): number {
  let sum = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  } catch {
    // The process or a thread has ended.
  }
  return sum;
}
