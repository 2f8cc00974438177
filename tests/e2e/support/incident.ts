// SPDX-License-Identifier: BSL-1.0
import { elapsed, eventually } from './assertions.ts';
import { listAlerts, queryValue } from './prometheus.ts';
import type { Stack } from './stack.ts';
import { clearFaults, fetchDashboardAlerts, injectFaults, request, requestJson } from './stack.ts';

/** The alert that the incident triggers. */
const alertName = 'CircuitBreakerOpen';

export interface TimelineEvent {
  /** Seconds since the fault was injected. */
  seconds: number;
  description: string;
}

/**
 * Whether the metrics of the dashboard report an open circuit breaker for the weather service on any event loop.
 */
async function isBreakerOpen(stack: Stack): Promise<boolean> {
  const { text } = await request(stack, `${stack.services['dashboard-service']}/metrics`);
  return /^cohort_client_breaker_state\{[^}]*upstream="weather"[^}]*state="open"[^}]*\} [1-9]/m.test(text);
}

/** The state of the weather part in the aggregate: fresh, timeout, open, … */
async function weatherState(stack: Stack): Promise<string | undefined> {
  const url = `${stack.services['dashboard-service']}/api/aggregate`;
  const aggregate = await requestJson<{ meta: Record<string, { state: string }> }>(stack, url);
  return aggregate.meta['weather_service']?.state;
}

/**
 * Makes the weather service slower than the timeout of the dashboard until the alert is shown on the dashboard, then
 * clears the fault and waits until the alert is resolved there. The stack must be under load during the incident, and
 * must respond fast at its start.
 */
export async function runIncident(stack: Stack, onEvent: (event: TimelineEvent) => void): Promise<TimelineEvent[]> {
  const timeline: TimelineEvent[] = [];
  let start = elapsed();
  const record = (description: string): void => {
    const event = { seconds: (elapsed() - start) / 1000, description };
    timeline.push(event);
    onEvent(event);
  };
  const alertState = async (): Promise<string> =>
    (await listAlerts(stack)).find(({ labels }) => labels['alertname'] === alertName)?.state ?? 'inactive';

  await eventually('the weather service is fast and the alert inactive', 60, async () => {
    const latency = await queryValue(stack, 'job:http_request_duration_seconds:mean1m{job="weather-service"} < 0.5');
    return latency !== undefined && (await alertState()) === 'inactive';
  });
  start = elapsed();
  await injectFaults(stack, 'weather-service', { latency_ms: 8000, seconds: 600 });
  record('fault injected: weather-service latency 8 s; the timeout of the dashboard is 5 s');
  try {
    await eventually('the circuit breaker opens', 120, () => isBreakerOpen(stack));
    record('the circuit breaker of the dashboard for the weather service is open; calls are rejected immediately');
    await eventually(`${alertName} is pending`, 120, async () => (await alertState()) !== 'inactive');
    record(`Prometheus: ${alertName} pending`);
    await eventually(`${alertName} is firing`, 120, async () => (await alertState()) === 'firing');
    record(`Prometheus: ${alertName} firing`);
    await eventually(`${alertName} is shown on the dashboard`, 120, async () =>
      (await fetchDashboardAlerts(stack)).firing.some(
        ({ name, labels }) => name === alertName && labels['upstream'] === 'weather',
      ),
    );
    record(`webhook: ${alertName} is shown on the dashboard`);
  } finally {
    await clearFaults(stack, 'weather-service');
  }
  record('fault cleared');
  await eventually('the circuit breaker closes', 120, async () => (await weatherState(stack)) === 'fresh');
  record('a probe succeeded; the circuit breaker is closed and the weather is fresh');
  await eventually(`${alertName} is resolved`, 300, async () => (await alertState()) === 'inactive');
  record(`Prometheus: ${alertName} resolved`);
  await eventually(`${alertName} is resolved on the dashboard`, 180, async () => {
    const { firing, resolved } = await fetchDashboardAlerts(stack);
    return !firing.some(({ name }) => name === alertName) && resolved.some(({ name }) => name === alertName);
  });
  record(`webhook: ${alertName} is resolved on the dashboard`);
  return timeline;
}

export const formatEvent = ({ seconds, description }: TimelineEvent): string =>
  `${seconds.toFixed(1).padStart(7)} s  ${description}`;
