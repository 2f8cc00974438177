/** Writes down which metrics a Prometheus has, with their labels: what the linter holds queries against. */
import { writeFileSync } from 'node:fs';

interface Reply {
  data: Record<string, string>[];
}

const [prometheus] = process.argv.slice(2);
if (prometheus === undefined) {
  console.error(
    'usage: list-metrics PROMETHEUS-URL (of a stack started with --enable-faults, under loadgen with --metrics-port)',
  );
  process.exit(2);
}

const selector =
  '{job=~".+-service|loadgen", __name__=~"cohort_.+|process_.+|loadgen_.+|.+_service_.+", __name__!~".+:.+"}';
const url = new URL(`api/v1/series?${new URLSearchParams({ 'match[]': selector })}`, new URL('/', prometheus));
const { data } = (await (await fetch(url)).json()) as Reply;

const labels = new Map<string, Set<string>>();
for (const { __name__: name = '', job: _job, instance: _instance, ...others } of data) {
  const known = labels.get(name) ?? new Set();
  Object.keys(others).forEach((label) => known.add(label));
  labels.set(name, known);
}
const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, set]) => [name, [...set].sort()]);
const lines = sorted.map(([name, set]) => `  ${JSON.stringify(name)}: ${JSON.stringify(set)}`);
writeFileSync(new URL('./lint/metrics.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
