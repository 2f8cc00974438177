// SPDX-License-Identifier: BSL-1.0
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect } from './assertions.ts';
import { metricSum } from './metric_sum.ts';
import type { BackgroundProcess } from './processes.ts';
import { FakeWeatherProvider, findFreePorts, root, startProcess } from './processes.ts';
import type { ServiceName, Stack } from './stack.ts';
import { serviceNames, stackOnDefaultPorts, waitUntilReady } from './stack.ts';

const programs = join(root, 'build/release/bin');

/** The links of the stack, each named after its server. */
export const linkNames = ['dashboard', 'time', 'sysinfo', 'weather', 'provider'] as const;
export type LinkName = (typeof linkNames)[number];

export interface Resources {
  /** Resident memory in MiB. */
  rss: number;
  descriptors: number;
}

export function readResources(pid: number): Resources {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
  return { rss: kib / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** The four services as separate processes on loopback, with the fault gate in each link between them. */
export class FaultGateStack {
  private constructor(
    /** The direct URLs of the services, which bypass the gate. */
    readonly stack: Stack,
    readonly directory: string,
    /** The gate's URL of each link. */
    readonly links: Record<LinkName, string>,
    private readonly gateUrl: string,
    private readonly gate: BackgroundProcess,
    private readonly services: Record<ServiceName, BackgroundProcess>,
    private readonly provider: FakeWeatherProvider,
  ) {}

  /** `environment`: additional environment variables of all services. */
  static async start(environment: Record<string, string> = {}): Promise<FaultGateStack> {
    const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-'));
    const provider = new FakeWeatherProvider();
    const providerPort = await provider.listen();
    const [dashboard = 0, time = 0, sysinfo = 0, weather = 0, admin = 0] = await findFreePorts(5);
    const targets: Record<LinkName, number> = { dashboard, time, sysinfo, weather, provider: providerPort };
    const gate = startProcess(
      'fault-gate',
      join(programs, 'fault-gate'),
      [
        '--port', String(admin), '--log-format', 'json', '--log-level', 'info',
        ...linkNames.flatMap((name) => ['--link', `${name}=127.0.0.1:${targets[name]}`]),
      ],
      join(directory, 'fault-gate.log'),
    );
    const gateUrl = `http://127.0.0.1:${admin}`;
    await eventually('the fault gate listens', 30, () => Promise.resolve(gate.output.includes('"listening"')));
    const { links: listed } = (await (await fetch(`${gateUrl}/api/links`)).json()) as { links: { name: LinkName; url: string }[] };
    const links = Object.fromEntries(listed.map(({ name, url }) => [name, url])) as Record<LinkName, string>;
    const start = (name: ServiceName, port: number, variables: Record<string, string> = {}): BackgroundProcess =>
      startProcess(name, join(programs, name), ['--port', String(port)], join(directory, `${name}.log`), {
        API_KEY: '', WEATHER_FALLBACK_URL: 'none', ...environment, ...variables,
      });
    const services = {
      'time-service': start('time-service', time),
      'system-info-service': start('system-info-service', sysinfo),
      'weather-service': start('weather-service', weather, { WEATHER_UPSTREAM_URL: links.provider }),
      'dashboard-service': start('dashboard-service', dashboard, {
        TIME_SERVICE_URL: links.time, SYSINFO_SERVICE_URL: links.sysinfo, WEATHER_SERVICE_URL: links.weather,
      }),
    };
    const stack = stackOnDefaultPorts();
    stack.services = {
      'dashboard-service': `http://127.0.0.1:${dashboard}`,
      'time-service': `http://127.0.0.1:${time}`,
      'system-info-service': `http://127.0.0.1:${sysinfo}`,
      'weather-service': `http://127.0.0.1:${weather}`,
    };
    await waitUntilReady(stack, 30);
    return new FaultGateStack(stack, directory, links, gateUrl, gate, services, provider);
  }

  /** Replaces the fault of a link with `fault`, such as `latency 200ms` or `none`. */
  async setFault(link: LinkName, fault: string): Promise<void> {
    const response = await fetch(`${this.gateUrl}/api/links/${link}`, { method: 'PUT', body: fault });
    expect(response.status === 200, `the gate accepts the fault ${fault} of ${link}: ${await response.text()}`);
  }

  /** Number of connections and responses of the link that a fault has changed. */
  async injectedCount(link: LinkName): Promise<number> {
    const { links } = (await (await fetch(`${this.gateUrl}/api/links`)).json()) as { links: { name: string; injected: number }[] };
    return links.find(({ name }) => name === link)?.injected ?? 0;
  }

  resources(): Record<ServiceName, Resources> {
    return Object.fromEntries(
      serviceNames.map((name) => [name, readResources(this.services[name].pid)]),
    ) as Record<ServiceName, Resources>;
  }

  /** Stops all programs. Throws unless every service exits with status 0. */
  async stop(): Promise<void> {
    const failures: string[] = [];
    for (const name of serviceNames) {
      const status = await this.services[name].stop();
      if (status !== 0) failures.push(`${name} exited with ${status}`);
    }
    const gateStatus = await this.gate.stop();
    if (gateStatus !== 0) failures.push(`fault-gate exited with ${gateStatus}`);
    this.provider.close();
    expect(failures.length === 0, `all services exit with status 0; ${failures.join('; ')}`);
  }
}

/** The value of a metric without labels, or the sum over its series. */
export async function readMetricSum(url: string, name: string): Promise<number> {
  return metricSum(await (await fetch(`${url}/metrics`)).text(), name);
}
