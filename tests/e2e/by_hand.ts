import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Running } from './processes.ts';
import { freePorts, root, start, WeatherProvider } from './processes.ts';
import type { Stack } from './stack.ts';
import { onUsualPorts, ready, serviceNames } from './stack.ts';
import { eventually } from './waiting.ts';

const programs = join(root, 'build/release/bin');

/** The four services in one process, with faults to inject, and Prometheus and Alertmanager beside them, on loopback. */
export class ByHand {
  private constructor(
    readonly stack: Stack,
    readonly directory: string,
    private readonly provider: WeatherProvider,
    private readonly services: Running,
    private readonly monitoring: Running,
    private readonly loadgenPort: number,
  ) {}

  /** `ports`: the usual ones, where people look, or ones that the system chooses. `scrape`: Prometheus' interval. */
  static async start(ports: 'usual' | 'free', scrape: string): Promise<ByHand> {
    const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-'));
    const provider = new WeatherProvider();
    const providerPort = await provider.listen();
    const services = start(
      'cohort-stack',
      join(programs, 'cohort-stack'),
      ['--enable-faults', '--rate-limit', '1000000/s', '--log-format', 'json', ...(ports === 'free' ? ['--port', '0'] : [])],
      join(directory, 'stack.log'),
      { WEATHER_UPSTREAM_URL: `http://127.0.0.1:${providerPort}`, WEATHER_FALLBACK_URL: 'none', API_KEY: '' },
    );
    const stack = onUsualPorts();
    const [prometheusPort = 0, alertmanagerPort = 0, loadgenPort = 0] = ports === 'free' ? await freePorts(3) : [9090, 9093, 5009];
    stack.prometheus = `http://127.0.0.1:${prometheusPort}`;
    stack.alertmanager = `http://127.0.0.1:${alertmanagerPort}`;
    await eventually('the stack listens', 30, () => Promise.resolve(readAddresses(services.output, stack)));
    await ready(stack, 30);
    const portOf = (url: string): string => new URL(url).port;
    const monitoring = start('monitoring', join(root, 'monitoring/run'), [join(directory, 'monitoring')], join(directory, 'monitoring.log'), {
      DASHBOARD_PORT: portOf(stack.services['dashboard-service']),
      TIME_PORT: portOf(stack.services['time-service']),
      SYSINFO_PORT: portOf(stack.services['system-info-service']),
      WEATHER_PORT: portOf(stack.services['weather-service']),
      LOADGEN_PORT: String(loadgenPort),
      PROMETHEUS_PORT: String(prometheusPort),
      ALERTMANAGER_PORT: String(alertmanagerPort),
      SCRAPE_INTERVAL: scrape,
      API_KEY: '',
      API_KEY_FILE: '',
    });
    return new ByHand(stack, directory, provider, services, monitoring, loadgenPort);
  }

  /** So many requests a second, shared by the four services, until it is stopped; Prometheus looks at it too. */
  load(rate: number): Running {
    return ByHand.loadOn(this.stack, rate, this.loadgenPort, join(this.directory, 'loadgen.log'));
  }

  static loadOn(stack: Stack, rate: number, metricsPort = 5009, log = '/dev/null'): Running {
    const targets = serviceNames.flatMap((name) => ['--target', `${name}=${stack.services[name]}${mainRoute[name]}`]);
    const args = ['-r', String(rate), '-d', '1800', '--metrics-port', String(metricsPort), '--no-preflight', ...targets];
    return start('loadgen', join(programs, 'loadgen'), args, log, { API_KEY: stack.apiKey });
  }

  /** The services' exit status. */
  async stop(): Promise<number> {
    await this.monitoring.stop();
    const status = await this.services.stop();
    this.provider.close();
    return status;
  }
}

const mainRoute = {
  'dashboard-service': '/api/aggregate',
  'time-service': '/api/time',
  'system-info-service': '/api/sysinfo',
  'weather-service': '/api/weather',
} as const;

/** From its log; false until all four have said where they listen. */
function readAddresses(log: string, into: Stack): boolean {
  const found = log
    .split('\n')
    .filter((line) => line.includes('"listening"'))
    .map((line) => JSON.parse(line) as { service: string; url: string });
  for (const name of serviceNames) {
    const where = found.find((each) => each.service === name);
    if (!where) return false;
    into.services[name] = where.url.replace(/\/$/, '');
  }
  return true;
}
