// SPDX-License-Identifier: BSL-1.0
/** The programs of the service discovery test: etcd, CoreDNS, replicas, a dashboard, and its load. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually, expect } from '../support/assertions.ts';
import type { LoadReport } from '../support/load_report.ts';
import { findLoadReport } from '../support/load_report.ts';
import { metricSum } from '../support/metric_sum.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { findFreePorts, root, startProcess } from '../support/processes.ts';

const program = (name: string): string => join(root, 'build/release/bin', name);

export class Etcd {
  private process?: BackgroundProcess;
  private incarnation = 0;

  constructor(
    private readonly path: string,
    private readonly directory: string,
    private readonly port: number,
    private readonly peerPort: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  /** The URL of a prefix for REGISTER, or of a service for an upstream. */
  discoveryUrl(path: string): string {
    return `etcd://127.0.0.1:${this.port}/${path}`;
  }

  /** `data` is the name of the data directory: with a new name, etcd starts empty. */
  async start(data: string): Promise<void> {
    const peer = `http://127.0.0.1:${this.peerPort}`;
    this.process = startProcess(
      'etcd',
      this.path,
      [
        '--name', 'n1', '--data-dir', join(this.directory, data), '--listen-client-urls', this.url, '--advertise-client-urls', this.url,
        '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `n1=${peer}`,
      ],
      join(this.directory, `etcd-${++this.incarnation}.log`),
    );
    await eventually('etcd is healthy', 30, async () => (await fetch(`${this.url}/health`)).ok);
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }
}

export class CoreDns {
  private process?: BackgroundProcess;
  private serial = 1;

  constructor(
    private readonly path: string,
    private readonly directory: string,
    readonly port: number,
  ) {}

  get server(): string {
    return `server=127.0.0.1:${this.port}`;
  }

  /** Replaces the records of mesh.test; CoreDNS reads the file again within a second. */
  writeZone(records: string[]): void {
    const head = ['$ORIGIN mesh.test.', `@ 60 IN SOA ns.mesh.test. a.mesh.test. ${this.serial++} 60 60 60 2`, '@ 60 IN NS ns.mesh.test.', 'ns 60 IN A 127.0.0.1'];
    writeFileSync(join(this.directory, 'zone.db'), [...head, ...records, ''].join('\n'));
  }

  start(etcd: Etcd): void {
    const file = join(this.directory, 'Corefile');
    const zone = join(this.directory, 'zone.db');
    writeFileSync(
      file,
      `.:${this.port} {
  bind 127.0.0.1
  errors
  etcd svc.test {
    path /skydns
    endpoint ${etcd.url}
  }
  file ${zone} mesh.test {
    reload 1s
  }
  cache 1 svc.test
}
`,
    );
    this.process = startProcess('coredns', this.path, ['-conf', file], join(this.directory, 'coredns.log'));
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }
}

async function readMetrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

export class Replica {
  private constructor(
    readonly url: string,
    readonly process: BackgroundProcess,
  ) {}

  /** Starts the program and waits until it listens. */
  static async start(directory: string, environment: Record<string, string>, host = '127.0.0.1', port = 0): Promise<Replica> {
    const replica = await Replica.launch(directory, environment, host, port);
    await eventually('the replica listens', 30, async () => (await fetch(`${replica.url}/livez`)).ok);
    return replica;
  }

  /** Starts the program. */
  static async launch(directory: string, environment: Record<string, string>, host = '127.0.0.1', port = 0): Promise<Replica> {
    const [free = 0] = await findFreePorts(1);
    const actual = port === 0 ? free : port;
    const started = startProcess(
      'time-service',
      program('time-service'),
      ['--host', host, '--port', String(actual), '--threads', '1', '--log-level', 'warn'],
      join(directory, `replica-${host}-${actual}.log`),
      { API_KEY: '', DRAIN_DELAY: '2', ...environment },
    );
    return new Replica(`http://${host}:${actual}`, started);
  }

  /** Number of requests to its route; 0 until it listens. */
  async requests(): Promise<number> {
    const metrics = await readMetrics(this.url).catch(() => '');
    return metricSum(metrics, 'time_service_http_requests_total', 'endpoint="/api/time"');
  }
}

export class Dashboard {
  private constructor(
    readonly url: string,
    private readonly process: BackgroundProcess,
  ) {}

  static async start(directory: string, timeService: string): Promise<Dashboard> {
    const [port = 0] = await findFreePorts(1);
    const started = startProcess(
      'dashboard-service',
      program('dashboard-service'),
      ['--port', String(port), '--threads', '1', '--log-level', 'warn', '--concurrency-limit', 'off'],
      join(directory, `dashboard-${port}.log`),
      { API_KEY: '', TIME_SERVICE_URL: timeService },
    );
    const url = `http://127.0.0.1:${port}`;
    await eventually('the dashboard listens', 30, async () => (await fetch(`${url}/livez`)).ok);
    return new Dashboard(url, started);
  }

  async endpoints(): Promise<number> {
    return metricSum(await readMetrics(this.url), 'cohort_discovery_endpoints', 'source=');
  }
  waitForEndpoints(count: number, timeout: number): Promise<unknown> {
    return eventually(`the dashboard has ${count} endpoints`, timeout, async () => (await this.endpoints()) === count);
  }
  async stop(): Promise<void> {
    await this.process.stop();
  }
}

const ratePerSecond = 400;

/** Sends a constant load through the dashboard for `seconds`, while `action` runs. */
export async function runUnderLoad<T>(dashboard: Dashboard, directory: string, seconds: number, action: () => Promise<T>): Promise<{ value: T; report: LoadReport }> {
  const flags = ['-q', '-m', 'constant', '-d', String(seconds), '-r', String(ratePerSecond), '--json', '/dev/stdout', '--target', `${dashboard.url}/api/time-proxy`];
  const load = startProcess('loadgen', program('loadgen'), flags, join(directory, 'loadgen.log'), { API_KEY: '' });
  const value = await action();
  const status = await load.exitStatus;
  const report = findLoadReport(load.output);
  expect(report !== undefined, `loadgen writes a report; exit status ${status}:\n${load.output.slice(-1000)}`);
  return { value, report };
}
