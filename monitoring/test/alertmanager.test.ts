// SPDX-License-Identifier: BSL-1.0
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

interface Configuration {
  receivers: { name: string; webhook_configs: { url: string; max_alerts?: number }[] }[];
}

interface AlertRule {
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const { receivers } = parse(read('monitoring/alertmanager/alertmanager.yml'), { merge: true }) as Configuration;
const webhooks = receivers.flatMap(({ webhook_configs }) => webhook_configs);

/** The value of an integer constant in a C++ header, such as `max_alerts = 200;`. */
function cppConstant(path: string, name: string): number {
  const expression = new RegExp(`\\b${name} = ([\\d* ]+);`).exec(read(path))?.[1];
  if (expression === undefined) throw new Error(`${path} does not define ${name}`);
  return expression.split('*').reduce((product, factor) => product * Number(factor), 1);
}

function alertRules(): AlertRule[] {
  const directory = 'monitoring/prometheus/rules';
  return readdirSync(new URL(`../../${directory}`, import.meta.url))
    .map((name) => parse(read(`${directory}/${name}`)) as { groups: { rules: AlertRule[] }[] })
    .flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
    .filter(({ alert }) => alert !== undefined);
}

/** An alert as Alertmanager sends it, with long label values. */
function webhookAlert({ alert, expr, labels = {}, annotations = {} }: AlertRule): object {
  const value = 'x'.repeat(64);
  const expand = (text: string) => text.replace(/\{\{[^}]*\}\}/g, value);
  return {
    status: 'firing',
    labels: { alertname: alert, job: value, instance: value, endpoint: value, upstream: value, slo: value, ...labels },
    annotations: Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, expand(text)])),
    startsAt: '2026-01-01T00:00:00.000000000Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: `http://localhost:9090/graph?g0.expr=${encodeURIComponent(expr)}&g0.tab=1`,
    fingerprint: '0123456789abcdef',
  };
}

it('every webhook limits the number of alerts to the capacity of the dashboard', () => {
  const capacity = cppConstant('services/dashboard/alerts/alert_store.hpp', 'max_alerts');
  expect(webhooks).toHaveLength(receivers.length);
  for (const { max_alerts } of webhooks) {
    expect(max_alerts).toBeGreaterThan(0);
    expect(max_alerts).toBeLessThanOrEqual(capacity);
  }
});

it('a notification with the maximum number of the largest alerts fits the body limit of the dashboard', () => {
  const bodyLimit = cppConstant('core/cohort/http/message/server_limits.hpp', 'max_body_bytes');
  const largestAlert = Math.max(...alertRules().map((rule) => JSON.stringify(webhookAlert(rule)).length));
  expect(largestAlert).toBeGreaterThan(500);
  for (const { max_alerts = Infinity } of webhooks) expect(largestAlert * max_alerts).toBeLessThan(bodyLimit);
});
