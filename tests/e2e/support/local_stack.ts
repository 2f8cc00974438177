// SPDX-License-Identifier: BSL-1.0
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './assertions.ts';
import type { BackgroundProcess } from './processes.ts';
import { FakeWeatherProvider, findFreePorts, root, startProcess } from './processes.ts';
import type { Stack } from './stack.ts';
import { serviceNames, stackOnDefaultPorts, waitUntilReady } from './stack.ts';

const programs = join(root, 'build/release/bin');

const mainRoutes = {
  'dashboard-service': '/api/aggregate',
  'time-service': '/api/time',
  'system-info-service': '/api/sysinfo',
  'weather-service': '/api/weather',
} as const;

/**
 * The four services in one process with fault injection, Prometheus and Alertmanager, on loopback and without
 * containers.
 */
export class LocalStack {
  private constructor(
    readonly stack: Stack,
    readonly directory: string,
    private readonly provider: FakeWeatherProvider,
    private readonly services: BackgroundProcess,
    private readonly monitoring: BackgroundProcess,
    private readonly loadgenPort: number,
  ) {}

  /** `ports`: the default ports, or free ports chosen by the system. `scrapeInterval`: scrape interval of Prometheus, such as `1s`. */
  static async start(ports: 'default' | 'free', scrapeInterval: string): Promise<LocalStack> {
    const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-'));
    const provider = new FakeWeatherProvider();
    const providerPort = await provider.listen();
    const services = startProcess(
      'cohort-stack',
      join(programs, 'cohort-stack'),
      ['--enable-faults', '--rate-limit', '1000000/s', '--log-format', 'json', ...(ports === 'free' ? ['--port', '0'] : [])],
      join(directory, 'stack.log'),
      { WEATHER_UPSTREAM_URL: `http://127.0.0.1:${providerPort}`, WEATHER_FALLBACK_URL: 'none', API_KEY: '' },
    );
    const stack = stackOnDefaultPorts();
    const [prometheusPort = 0, alertmanagerPort = 0, loadgenPort = 0] =
      ports === 'free' ? await findFreePorts(3) : [9090, 9093, 5009];
    stack.prometheus = `http://127.0.0.1:${prometheusPort}`;
    stack.alertmanager = `http://127.0.0.1:${alertmanagerPort}`;
    await eventually('all services listen', 30, () => Promise.resolve(readAddresses(services.output, stack)));
    await waitUntilReady(stack, 30);
    const portOf = (url: string): string => new URL(url).port;
    const monitoring = startProcess(
      'monitoring',
      join(root, 'monitoring/run'),
      [join(directory, 'monitoring')],
      join(directory, 'monitoring.log'),
      {
        DASHBOARD_PORT: portOf(stack.services['dashboard-service']),
        TIME_PORT: portOf(stack.services['time-service']),
        SYSINFO_PORT: portOf(stack.services['system-info-service']),
        WEATHER_PORT: portOf(stack.services['weather-service']),
        LOADGEN_PORT: String(loadgenPort),
        PROMETHEUS_PORT: String(prometheusPort),
        ALERTMANAGER_PORT: String(alertmanagerPort),
        SCRAPE_INTERVAL: scrapeInterval,
        API_KEY: '',
        API_KEY_FILE: '',
      },
    );
    return new LocalStack(stack, directory, provider, services, monitoring, loadgenPort);
  }

  /** Starts a load of `rate` requests per second, divided among the four services, which Prometheus also scrapes. */
  startLoad(rate: number): BackgroundProcess {
    return LocalStack.startStackLoad(this.stack, rate, this.loadgenPort, join(this.directory, 'loadgen.log'));
  }

  static startStackLoad(stack: Stack, rate: number, metricsPort = 5009, log = '/dev/null'): BackgroundProcess {
    const targets = serviceNames.flatMap((name) => ['--target', `${name}=${stack.services[name]}${mainRoutes[name]}`]);
    const args = ['-r', String(rate), '-d', '1800', '--metrics-port', String(metricsPort), '--no-preflight', ...targets];
    return startProcess('loadgen', join(programs, 'loadgen'), args, log, { API_KEY: stack.apiKey });
  }

  /** Stops all programs and returns the exit status of the services. */
  async stop(): Promise<number> {
    await this.monitoring.stop();
    const status = await this.services.stop();
    this.provider.close();
    return status;
  }
}

/** Reads the addresses of the services from their log into `stack`. Returns false until all four are known. */
export function readAddresses(log: string, stack: Stack): boolean {
  const entries = log
    .split('\n')
    .filter((line) => line.includes('"listening"'))
    .map((line) => JSON.parse(line) as { service: string; url: string });
  for (const name of serviceNames) {
    const entry = entries.find(({ service }) => service === name);
    if (!entry) return false;
    stack.services[name] = entry.url.replace(/\/$/, '');
  }
  return true;
}
