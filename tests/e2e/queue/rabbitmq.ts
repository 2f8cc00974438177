// SPDX-License-Identifier: BSL-1.0
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect } from '../support/assertions.ts';
import { BrokerProcess, type MessageBroker } from './message_broker.ts';
import { findFreePorts } from '../support/processes.ts';

const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** A RabbitMQ server on loopback, with its data in a temporary directory. */
export class RabbitMq extends BrokerProcess implements MessageBroker {
  readonly name = 'RabbitMQ';
  readonly rejection = 'ACCESS_REFUSED';
  readonly subscribeSeconds = 0;
  readonly recoverySeconds = 1;

  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly environment: Record<string, string>,
  ) {
    super();
  }

  /** Creates the broker. If Debian's package rabbitmq-server is not installed, prints a message and returns undefined. */
  static async start(): Promise<RabbitMq | undefined> {
    if (!existsSync(program)) {
      console.log('SKIP  RabbitMQ is not installed. On Debian: apt-get install rabbitmq-server');
      return undefined;
    }
    const [port = 0, distribution = 0, epmd = 0] = await findFreePorts(3);
    const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-rabbitmq-'));
    for (const name of ['mnesia', 'log']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'rabbitmq.conf'), `listeners.tcp.1 = 127.0.0.1:${port}\n`);
    writeFileSync(join(directory, 'enabled_plugins'), '[].\n');
    // If this program runs as root, the server runs as the user of its package.
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'rabbitmq:rabbitmq', directory]);
    const started = new RabbitMq(directory, port, {
      HOME: directory,
      RABBITMQ_NODENAME: `cohort${port}@localhost`,
      RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
      RABBITMQ_LOG_BASE: join(directory, 'log'),
      RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    });
    process.once('exit', () => started.end());
    await started.run();
    return started;
  }

  url(password = 'guest'): string {
    return `amqp://guest:${password}@127.0.0.1:${this.port}`;
  }

  async run(): Promise<void> {
    expect(this.child === undefined, 'the broker is not running');
    const unprivilegedArguments = ['--reuid=rabbitmq', '--regid=rabbitmq', '--clear-groups', program];
    const [command = '', ...args] = process.getuid?.() === 0 ? ['setpriv', ...unprivilegedArguments] : [program];
    // A separate process group, since the server is a script that starts other processes.
    this.child = spawn(command, args, {
      env: { PATH: process.env['PATH'] ?? '', ...this.environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const log = createWriteStream(join(this.directory, 'output.log'), { flags: 'a' });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        output += bytes.toString();
        log.write(bytes);
      });
    }
    await eventually('RabbitMQ has started', 240, () => Promise.resolve(output.includes('Starting broker... completed')));
  }

  signal(name: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid !== undefined) process.kill(-pid, name);
  }

  /** Stops the server and its port mapper, which would otherwise continue to run. */
  private end(): void {
    try {
      this.signal('SIGKILL');
    } catch {
      // The process has ended.
    }
    // The port mapper exits only after the node has deregistered. Retry for at most 2 s.
    for (let i = 0; i < 20; ++i) {
      const ended = spawnSync('epmd', ['-port', this.environment['ERL_EPMD_PORT'] ?? '0', '-kill'], { encoding: 'utf8' });
      if (!`${ended.stdout}${ended.stderr}`.includes('living nodes')) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
