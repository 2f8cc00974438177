// SPDX-License-Identifier: BSL-1.0
/** Checks of a monitored stack, with or without containers. */
import { eventually, expect, reportSuccess } from './assertions.ts';
import { runProcess } from './processes.ts';
import { listExemplarTraceIds, listRules, listTargets } from './prometheus.ts';
import type { Stack } from './stack.ts';
import { fetchDashboardAlerts, request, serviceNames } from './stack.ts';

/** `expected`: the number of targets per job. */
export async function checkTargets(stack: Stack, expected: Record<string, number>): Promise<void> {
  const targets = await eventually('all targets are up', 90, async () => {
    const current = await listTargets(stack);
    const down = current.filter((target) => target.health !== 'up' && target.job !== 'loadgen');
    if (down.length > 0) {
      throw new Error(down.map(({ instance, health, lastError }) => `${instance} ${health} ${lastError}`).join('; '));
    }
    const complete = Object.entries(expected).every(
      ([job, count]) => current.filter((target) => target.job === job).length === count,
    );
    if (!complete) throw new Error(current.map(({ job, instance }) => `${job} at ${instance}`).join('; '));
    return current;
  });
  const jobs = targets.filter(({ health }) => health === 'up').map(({ job }) => job);
  reportSuccess(`targets up: ${jobs.sort().join(', ')}`);
}

export async function checkRules(stack: Stack): Promise<void> {
  const rules = await eventually('all rules are evaluated', 60, async () => {
    const current = await listRules(stack);
    return current.length > 0 && current.every((rule) => rule.health !== 'unknown') ? current : undefined;
  });
  const failed = rules.filter((rule) => rule.health !== 'ok');
  const errors = failed.map(({ name, lastError }) => `${name}: ${lastError ?? ''}`).join('; ');
  expect(failed.length === 0, `all rules are healthy; errors: ${errors}`);
  const count = (type: string): number => rules.filter((rule) => rule.type === type).length;
  reportSuccess(`rules evaluated without errors: ${count('alerting')} alerting, ${count('recording')} recording`);
}

export async function checkMetricsFormat(stack: Stack): Promise<void> {
  for (const name of serviceNames) {
    const { text } = await request(stack, `${stack.services[name]}/metrics`);
    const { status, output } = await runProcess('promtool', ['check', 'metrics'], text);
    expect(status === 0, `promtool check metrics accepts the metrics of ${name}; output: ${output}`);
  }
  reportSuccess('promtool check metrics accepts the metrics of all four services');
}

export async function checkWatchdog(stack: Stack): Promise<void> {
  await eventually('the dashboard receives the Watchdog alert', 90, async () => {
    return (await fetchDashboardAlerts(stack)).monitoring.state === 'ok';
  });
  reportSuccess('the Watchdog alert is delivered from Prometheus through Alertmanager to the dashboard');
}

export async function checkExemplars(stack: Stack): Promise<void> {
  const series = '{__name__=~".+_service_http_request_duration_seconds_bucket"}';
  const traceIds = await eventually('Prometheus has exemplars', 60, async () => {
    const ids = await listExemplarTraceIds(stack, series);
    return ids.length > 0 ? ids : undefined;
  });
  const malformed = traceIds.filter((id) => !/^[0-9a-f]{32}$/.test(id));
  expect(malformed.length === 0, `exemplars have valid trace IDs; invalid: ${malformed.join(', ')}`);
  reportSuccess(`exemplars with trace IDs in Prometheus: ${traceIds.length}`);
}

export async function checkLoadgenTarget(stack: Stack): Promise<void> {
  await eventually('Prometheus scrapes loadgen', 60, async () =>
    (await listTargets(stack)).some((target) => target.job === 'loadgen' && target.health === 'up'),
  );
}
