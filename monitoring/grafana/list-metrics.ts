// SPDX-License-Identifier: BSL-1.0
/**
 * Writes lint/metrics.json: the metrics of a Prometheus server with their labels, which the linter checks queries
 * against.
 */
import { writeFileSync } from 'node:fs';

interface SeriesResponse {
  data: Record<string, string>[];
}

const [prometheus] = process.argv.slice(2);
if (prometheus === undefined) {
  console.error(
    'usage: list-metrics PROMETHEUS-URL (of a stack started with --enable-faults, under load by loadgen with --metrics-port)',
  );
  process.exit(2);
}

const selector =
  '{job=~".+-service|loadgen", __name__=~"cohort_.+|process_.+|loadgen_.+|.+_service_.+", __name__!~".+:.+"}';
const url = new URL(`api/v1/series?${new URLSearchParams({ 'match[]': selector })}`, new URL('/', prometheus));
const { data } = (await (await fetch(url)).json()) as SeriesResponse;

const labelsByMetric = new Map<string, Set<string>>();
for (const { __name__: name = '', job: _job, instance: _instance, ...otherLabels } of data) {
  const labels = labelsByMetric.get(name) ?? new Set();
  Object.keys(otherLabels).forEach((label) => labels.add(label));
  labelsByMetric.set(name, labels);
}
const sorted = [...labelsByMetric].sort(([a], [b]) => (a < b ? -1 : 1));
const lines = sorted.map(([name, labels]) => `  ${JSON.stringify(name)}: ${JSON.stringify([...labels].sort())}`);
writeFileSync(new URL('./lint/metrics.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
