import { alerts, value } from './prometheus.ts';
import type { Stack } from './stack.ts';
import { ask, askJson, endFaults, inject, shownAlerts } from './stack.ts';
import { elapsed, eventually } from './waiting.ts';

/** The alert that an incident waits for. */
const awaited = 'CircuitBreakerOpen';

export interface Moment {
  /** Since the fault was injected. */
  seconds: number;
  what: string;
}

/** Whether a breaker of the dashboard towards the weather service is open; each of its loops has one. Read where it is. */
async function breakerIsOpen(stack: Stack): Promise<boolean> {
  const { text } = await ask(stack, `${stack.services['dashboard-service']}/metrics`);
  return /^cohort_client_breaker_state\{[^}]*upstream="weather"[^}]*state="open"[^}]*\} [1-9]/m.test(text);
}

/** What the dashboard says of the weather: fresh, timeout, open … */
async function weatherState(stack: Stack): Promise<string | undefined> {
  const answer = await askJson<{ meta: Record<string, { state: string }> }>(stack, `${stack.services['dashboard-service']}/api/aggregate`);
  return answer.meta['weather_service']?.state;
}

/**
 * Makes the weather service slower than the dashboard waits for it, until the alert about it has come to the dashboard's page;
 * then ends that, until it is gone from there. The stack must be under load, all along, and quick to begin with.
 */
export async function playIncident(stack: Stack, onMoment: (moment: Moment) => void): Promise<Moment[]> {
  const timeline: Moment[] = [];
  let began = elapsed();
  const mark = (what: string): void => {
    const moment = { seconds: (elapsed() - began) / 1000, what };
    timeline.push(moment);
    onMoment(moment);
  };
  const stateInPrometheus = async (): Promise<string> =>
    (await alerts(stack)).find((each) => each.labels['alertname'] === awaited)?.state ?? 'none';

  await eventually('weather is quick to begin with', 60, async () => {
    const quick = await value(stack, 'job:http_request_duration_seconds:mean1m{job="weather-service"} < 0.5');
    return quick !== undefined && (await stateInPrometheus()) === 'none';
  });
  began = elapsed();
  await inject(stack, 'weather-service', { latency_ms: 8000, seconds: 600 });
  mark('fault injected: weather-service takes 8 s for each request; the dashboard waits for 5 s');
  try {
    await eventually('the breaker opens', 120, () => breakerIsOpen(stack));
    mark("the dashboard's breaker to the weather service is open: its calls are refused at once");
    await eventually(`${awaited} is pending`, 120, async () => (await stateInPrometheus()) !== 'none');
    mark(`Prometheus: ${awaited} pending`);
    await eventually(`${awaited} is firing`, 120, async () => (await stateInPrometheus()) === 'firing');
    mark(`Prometheus: ${awaited} firing`);
    await eventually(`${awaited} is on the page`, 120, async () =>
      (await shownAlerts(stack)).firing.some((each) => each.name === awaited && each.labels['upstream'] === 'weather'),
    );
    mark(`webhook: ${awaited} is on the dashboard's page`);
  } finally {
    await endFaults(stack, 'weather-service');
  }
  mark('fault ended');
  await eventually('the breaker closes', 120, async () => (await weatherState(stack)) === 'fresh');
  mark('a probe succeeded, and the breaker is closed: the weather is fresh again');
  await eventually(`${awaited} is over`, 300, async () => (await stateInPrometheus()) === 'none');
  mark(`Prometheus: ${awaited} resolved`);
  await eventually(`${awaited} is resolved on the page`, 180, async () => {
    const shown = await shownAlerts(stack);
    return !shown.firing.some((each) => each.name === awaited) && shown.resolved.some((each) => each.name === awaited);
  });
  mark(`webhook: ${awaited} is resolved on the dashboard's page`);
  return timeline;
}

export const printed = ({ seconds, what }: Moment): string => `${seconds.toFixed(1).padStart(7)} s  ${what}`;
