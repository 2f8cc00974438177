import { eventually } from './waiting.ts';

export const serviceNames = ['dashboard-service', 'time-service', 'system-info-service', 'weather-service'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Where a running stack and what watches it can be reached, without a slash at the end. */
export interface Stack {
  services: Record<ServiceName, string>;
  prometheus: string;
  alertmanager: string;
  /** Empty if there is none. */
  apiKey: string;
}

export function onUsualPorts(apiKey = ''): Stack {
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    services: {
      'dashboard-service': at(5000),
      'time-service': at(5001),
      'system-info-service': at(5002),
      'weather-service': at(5003),
    },
    prometheus: at(9090),
    alertmanager: at(9093),
    apiKey,
  };
}

export interface Answer {
  status: number;
  text: string;
}

export async function ask(stack: Stack, url: string, how: { method?: string; body?: unknown } = {}): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (stack.apiKey !== '') headers['X-API-Key'] = stack.apiKey;
  const got = await fetch(url, {
    method: how.method ?? 'GET',
    headers,
    ...(how.body === undefined ? {} : { body: JSON.stringify(how.body) }),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: got.status, text: await got.text() };
}

/** The JSON of a 200; anything else is an error. */
export async function askJson<T>(stack: Stack, url: string, how: { method?: string; body?: unknown } = {}): Promise<T> {
  const got = await ask(stack, url, how);
  if (got.status !== 200) throw new Error(`${how.method ?? "GET"} ${url}: ${got.status} ${got.text.slice(0, 200)}`);
  return JSON.parse(got.text) as T;
}

/** As `PUT /api/faults` takes them; what is left out is off. */
export interface Faults {
  latency_ms?: number;
  error_percent?: number;
  hang_percent?: number;
  memory_mb?: number;
  cpu_percent?: number;
  seconds?: number;
}

export async function inject(stack: Stack, into: ServiceName, faults: Faults): Promise<void> {
  await askJson(stack, `${stack.services[into]}/api/faults`, { method: 'PUT', body: faults });
}

export async function endFaults(stack: Stack, of: ServiceName): Promise<void> {
  await askJson(stack, `${stack.services[of]}/api/faults`, { method: 'DELETE' });
}

/** `GET /api/alerts` of the dashboard. */
export interface ShownAlerts {
  monitoring: { state: 'ok' | 'silent' | 'unknown'; last_heard_seconds: number | null };
  firing: { name: string; severity: string; service: string | null; labels: Record<string, string> }[];
  resolved: { name: string }[];
}

export const shownAlerts = (stack: Stack): Promise<ShownAlerts> =>
  askJson(stack, `${stack.services["dashboard-service"]}/api/alerts`);

/** Until every service says that it is ready. */
export async function ready(stack: Stack, limit: number): Promise<void> {
  for (const name of serviceNames) {
    await eventually(`${name} is ready`, limit, async () => {
      return (await ask(stack, `${stack.services[name]}/readyz`)).status === 200;
    });
  }
}
