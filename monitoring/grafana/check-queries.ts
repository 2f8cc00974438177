// SPDX-License-Identifier: BSL-1.0
/** Runs every query of every dashboard against a Prometheus server and reports the queries without data. */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readDashboards, type DashboardJson } from './dashboard-json.ts';
import { runQuery } from './check/prometheus.ts';
import { listQueries, type DashboardQuery } from './check/queries.ts';
import { builtInVariables, parseSeconds, type TimeSettings } from './check/substitute.ts';

export type Verdict = 'ok' | 'no data' | 'error';

export interface QueryCheck extends DashboardQuery {
  verdict: Verdict;
  series: number;
  /** The newest value of the first series. For a variable: its first value. */
  sample: string;
  /**
   * Number of exemplars, for queries that request them. Zero is not an error, because exemplar storage is optional in
   * Prometheus.
   */
  exemplars?: number;
  /** The error message. */
  message?: string;
}

export interface Options extends Partial<TimeSettings> {
  /** URL of the Prometheus server, such as `http://127.0.0.1:9090`. */
  prometheus: string;
  dashboards?: DashboardJson[];
  now?: Date;
}

const defaults: TimeSettings = { rateInterval: '1m', interval: '15s', range: '5m' };

async function checkQuery(query: DashboardQuery, base: string, times: TimeSettings, now: Date): Promise<QueryCheck> {
  const emptyResult = { series: 0, sample: '' };
  if (query.problem !== undefined) return { ...query, ...emptyResult, verdict: 'error', message: query.problem };
  try {
    const result = await runQuery(base, query, times, now);
    // An annotation query without results is valid: no alert fired.
    const hasNoData = result.series === 0 && query.source !== 'annotation';
    return { ...query, ...result, verdict: hasNoData ? 'no data' : 'ok' };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    const message = `${error instanceof Error ? error.message : String(error)}${cause}`;
    return { ...query, ...emptyResult, verdict: 'error', message };
  }
}

/** Checks all queries. Must run during a load test, because the panels show data only under load. */
export async function checkQueries(options: Options): Promise<QueryCheck[]> {
  const { prometheus, dashboards = readDashboards(), now = new Date(), ...timeOptions } = options;
  const times = { ...defaults, ...timeOptions };
  const checks: QueryCheck[] = [];
  for (const dashboard of dashboards) {
    for (const query of listQueries(dashboard, builtInVariables(times))) {
      checks.push(await checkQuery(query, prometheus, times, now));
    }
  }
  return checks;
}

export function formatTable(checks: QueryCheck[]): string {
  const heading = ['dashboard', 'panel', 'ref', 'series', 'sample', 'exemplars', 'verdict'];
  const rows = checks.map((check) => [
    check.dashboard,
    check.source === 'panel' ? check.name : `(${check.source}) ${check.name}`,
    check.refId,
    String(check.series),
    check.sample,
    check.exemplars === undefined ? '' : String(check.exemplars),
    check.message === undefined ? check.verdict : `${check.verdict}: ${check.message}`,
  ]);
  const lines = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const usage = `usage: check-queries [--rate-interval ${defaults.rateInterval}] [--interval ${defaults.interval}] [--range ${defaults.range}] PROMETHEUS-URL`;

function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'rate-interval': { type: 'string' }, interval: { type: 'string' }, range: { type: 'string' } },
  });
  const [prometheus] = positionals;
  if (prometheus === undefined || positionals.length > 1) {
    throw new Error(`expected one Prometheus URL, got ${positionals.length} arguments`);
  }
  const times = {
    rateInterval: values['rate-interval'] ?? defaults.rateInterval,
    interval: values.interval ?? defaults.interval,
    range: values.range ?? defaults.range,
  };
  Object.values(times).forEach(parseSeconds);
  return { prometheus: new URL(prometheus).href, ...times };
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const checks = await checkQueries(options);
  console.log(formatTable(checks));
  const failures = checks.filter(({ verdict }) => verdict !== 'ok').length;
  console.log(`\n${checks.length} queries, ${failures} failed or without data`);
  return failures === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main();
}
