// SPDX-License-Identifier: BSL-1.0
// Starts PostgreSQL and Redis on free ports of the loopback address, without root privileges.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from '../support/assertions.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { findFreePorts, startProcess } from '../support/processes.ts';

function findPostgres(): string {
  const parent = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(parent).map(Number).sort((a, b) => b - a);
    return join(parent, String(versions[0]), 'bin');
  } catch {
    throw new Error('PostgreSQL is not installed; on Debian: apt-get install postgresql');
  }
}

/** Prefix of a command that executes it as the user of PostgreSQL, which refuses to run as root. */
const unprivilegedCommand =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];

/** Creates a directory in which an unprivileged server can write. */
function makeDirectory(parent: string, name: string): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  if (unprivilegedCommand.length > 0) {
    chmodSync(parent, 0o755);
    chownSync(directory, Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' })), -1);
  }
  return directory;
}

/** A PostgreSQL server with the user `app`. `prefix` is a command that starts it, such as `taskset -c 1`. */
export class PostgresServer {
  private constructor(
    private readonly data: string,
    private readonly port: number,
    private readonly prefix: string[],
    private readonly settings: string,
  ) {}

  /** Creates the data below `directory` and starts the server with these settings, such as `fsync=off`. */
  static async start(directory: string, settings: string[] = [], prefix: string[] = []): Promise<PostgresServer> {
    const [port = 0] = await findFreePorts(1);
    const all = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings];
    const flags = `-p ${port} ${all.map((setting) => `-c ${setting}`).join(' ')}`;
    const server = new PostgresServer(makeDirectory(directory, 'postgres'), port, prefix, flags);
    server.run(join(findPostgres(), 'initdb'), '-D', server.data, '-U', 'app', '--auth=trust', '--no-sync');
    server.control('start', '-w', '-l', join(server.data, 'log'), '-o', server.settings);
    return server;
  }

  /** Variables with which libpq connects. */
  get environment(): Record<string, string> {
    return { PGHOST: '127.0.0.1', PGPORT: String(this.port), PGUSER: 'app', PGDATABASE: 'postgres' };
  }

  /** Executes SQL commands and returns the rows of the last one, as text. */
  query(...commands: string[]): string {
    const flags = ['-q', '-t', '-A', ...commands.flatMap((command) => ['-c', command])];
    const env = { ...process.env, ...this.environment };
    return execFileSync('psql', flags, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  }

  /** Returns when the server accepts connections again. `immediate` does not end sessions or write pending data. */
  restart(mode: 'fast' | 'immediate'): void {
    this.stop(mode);
    this.control('start', '-w', '-l', join(this.data, 'log'), '-o', this.settings);
  }

  stop(mode: 'fast' | 'immediate' = 'immediate'): void {
    this.control('stop', '-m', mode);
  }

  private control(...args: string[]): void {
    this.run(...this.prefix, join(findPostgres(), 'pg_ctl'), '-D', this.data, ...args);
  }

  private run(...words: string[]): void {
    const [program = '', ...args] = [...unprivilegedCommand, ...words];
    execFileSync(program, args, { cwd: this.data, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** A Redis server. `prefix` is a command that starts it, such as `taskset -c 1`. */
export class RedisServer {
  private constructor(
    private readonly directory: string,
    readonly port: number,
    private readonly command: string[],
    private server: BackgroundProcess,
  ) {}

  /** Starts the server with these settings, such as `['--appendonly', 'yes']`, and its files below `directory`. */
  static async start(directory: string, settings: string[] = [], prefix: string[] = []): Promise<RedisServer> {
    const [port = 0] = await findFreePorts(1);
    const flags = ['--bind', '127.0.0.1', '--port', String(port), '--dir', makeDirectory(directory, 'redis'), '--save', ''];
    const command = [...unprivilegedCommand, ...prefix, 'redis-server', ...flags, ...settings];
    const redis = new RedisServer(directory, port, command, RedisServer.spawn(directory, command));
    await redis.waitUntilReady();
    return redis;
  }

  /** Executes a command and returns its reply as text. */
  query(...command: string[]): string {
    return execFileSync('redis-cli', ['-p', String(this.port), ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  }

  /** Returns when the server accepts connections again. SIGKILL leaves no time to write pending data. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    process.kill(this.server.pid, signal);
    await this.server.exitStatus;
    this.server = RedisServer.spawn(this.directory, this.command);
    await this.waitUntilReady();
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  private static spawn(directory: string, command: string[]): BackgroundProcess {
    const [program = '', ...args] = command;
    return startProcess('redis-server', program, args, join(directory, 'redis.log'));
  }

  private async waitUntilReady(): Promise<void> {
    await eventually('Redis responds', 10, () => Promise.resolve(this.query('ping') === 'PONG'));
  }
}
