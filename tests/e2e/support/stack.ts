// SPDX-License-Identifier: BSL-1.0
import { eventually } from './assertions.ts';

export const serviceNames = ['dashboard-service', 'time-service', 'system-info-service', 'weather-service'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The URLs of a running stack and its monitoring, without a trailing slash. */
export interface Stack {
  services: Record<ServiceName, string>;
  prometheus: string;
  alertmanager: string;
  /** The API key; empty if the stack has none. */
  apiKey: string;
}

export function stackOnDefaultPorts(apiKey = ''): Stack {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    services: {
      'dashboard-service': url(5000),
      'time-service': url(5001),
      'system-info-service': url(5002),
      'weather-service': url(5003),
    },
    prometheus: url(9090),
    alertmanager: url(9093),
    apiKey,
  };
}

export interface HttpResponse {
  status: number;
  text: string;
}

export interface RequestOptions {
  method?: string;
  /** The body, which is sent as JSON. */
  body?: unknown;
}

/** Sends a request with the API key of the stack. */
export async function request(stack: Stack, url: string, options: RequestOptions = {}): Promise<HttpResponse> {
  const headers: Record<string, string> = {};
  if (stack.apiKey !== '') headers['X-API-Key'] = stack.apiKey;
  const response = await fetch(url, {
    method: options.method ?? 'GET',
    headers,
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    signal: AbortSignal.timeout(15_000),
  });
  return { status: response.status, text: await response.text() };
}

/** Returns the parsed JSON body. Throws unless the status is 200. */
export async function requestJson<T>(stack: Stack, url: string, options: RequestOptions = {}): Promise<T> {
  const response = await request(stack, url, options);
  if (response.status !== 200) {
    throw new Error(`${options.method ?? 'GET'} ${url}: status ${response.status}: ${response.text.slice(0, 200)}`);
  }
  return JSON.parse(response.text) as T;
}

/** The body of `PUT /api/faults`. Omitted faults are off. */
export interface Faults {
  latency_ms?: number;
  error_percent?: number;
  hang_percent?: number;
  memory_mb?: number;
  cpu_percent?: number;
  seconds?: number;
}

export async function injectFaults(stack: Stack, service: ServiceName, faults: Faults): Promise<void> {
  await requestJson(stack, `${stack.services[service]}/api/faults`, { method: 'PUT', body: faults });
}

export async function clearFaults(stack: Stack, service: ServiceName): Promise<void> {
  await requestJson(stack, `${stack.services[service]}/api/faults`, { method: 'DELETE' });
}

/** The response of `GET /api/alerts` of the dashboard. */
export interface DashboardAlerts {
  monitoring: { state: 'ok' | 'silent' | 'unknown'; last_heard_seconds: number | null };
  firing: { name: string; severity: string; service: string | null; labels: Record<string, string> }[];
  resolved: { name: string }[];
}

export const fetchDashboardAlerts = (stack: Stack): Promise<DashboardAlerts> =>
  requestJson(stack, `${stack.services['dashboard-service']}/api/alerts`);

/** Waits until every service is ready. `timeout` in seconds, per service. */
export async function waitUntilReady(stack: Stack, timeout: number): Promise<void> {
  for (const name of serviceNames) {
    await eventually(`${name} is ready`, timeout, async () => {
      return (await request(stack, `${stack.services[name]}/readyz`)).status === 200;
    });
  }
}
