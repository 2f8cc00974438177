import type { ByHand } from './by_hand.ts';
import { run } from './processes.ts';
import { exemplarTraces, rules, targets } from './prometheus.ts';
import type { Stack } from './stack.ts';
import { ask, serviceNames, shownAlerts } from './stack.ts';
import { eventually, expect, tell } from './waiting.ts';

/** Checks of a watched stack that hold by hand and in containers alike. */

export async function targetsAreUp(stack: Stack, expected: Record<string, number>): Promise<void> {
  const seen = await eventually('all targets are up', 90, async () => {
    const all = await targets(stack);
    const down = all.filter((each) => each.health !== 'up' && each.job !== 'loadgen');
    if (down.length > 0) throw new Error(down.map((each) => `${each.instance} ${each.health} ${each.lastError}`).join('; '));
    const complete = Object.entries(expected).every(([job, count]) => all.filter((each) => each.job === job).length === count);
    if (!complete) throw new Error(all.map((each) => `${each.job} at ${each.instance}`).join('; '));
    return all;
  });
  tell(`targets up: ${seen.filter((each) => each.health === "up").map((each) => each.job).sort().join(", ")}`);
}

export async function rulesAreWell(stack: Stack): Promise<void> {
  const all = await eventually('all rules were evaluated', 60, async () => {
    const known = await rules(stack);
    return known.length > 0 && known.every((rule) => rule.health !== 'unknown') ? known : undefined;
  });
  const ill = all.filter((rule) => rule.health !== 'ok');
  expect(ill.length === 0, `every rule is well, not ${ill.map((rule) => `${rule.name}: ${rule.lastError ?? ""}`).join("; ")}`);
  tell(`rules evaluated without an error: ${all.filter((rule) => rule.type === "alerting").length} alerts, ${all.filter((rule) => rule.type === "recording").length} recordings`);
}

export async function metricsAreWellFormed(stack: Stack): Promise<void> {
  for (const name of serviceNames) {
    const { text } = await ask(stack, `${stack.services[name]}/metrics`);
    const checked = await run('promtool', ['check', 'metrics'], text);
    expect(checked.status === 0, `promtool has nothing to say about ${name}'s metrics, but: ${checked.output}`);
  }
  tell('promtool check metrics: all four services');
}

export async function heartbeatArrives(stack: Stack): Promise<void> {
  await eventually('Watchdog has come to the dashboard', 90, async () => (await shownAlerts(stack)).monitoring.state === 'ok');
  tell('Watchdog came by Prometheus, Alertmanager and webhook to the dashboard');
}

export async function exemplarsArrive(stack: Stack): Promise<void> {
  const series = '{__name__=~".+_service_http_request_duration_seconds_bucket"}';
  const traces = await eventually('exemplars are in Prometheus', 60, async () => {
    const found = await exemplarTraces(stack, series);
    return found.length > 0 ? found : undefined;
  });
  const malformed = traces.filter((id) => !/^[0-9a-f]{32}$/.test(id));
  expect(malformed.length === 0, `exemplars carry trace ids, not ${malformed.join(", ")}`);
  tell(`exemplars with trace ids in Prometheus: ${traces.length}`);
}

export async function loadIsSeen(byHand: ByHand): Promise<void> {
  await eventually('loadgen is scraped', 60, async () =>
    (await targets(byHand.stack)).some((each) => each.job === 'loadgen' && each.health === 'up'),
  );
}
