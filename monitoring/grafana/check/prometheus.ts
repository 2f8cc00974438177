// SPDX-License-Identifier: BSL-1.0
/** A client for the part of the Prometheus HTTP API that Grafana uses for dashboards. */
import type { DashboardQuery } from './queries.ts';
import { parseSeconds, type TimeSettings } from './substitute.ts';

export interface QueryResult {
  /** Number of series with at least one value other than NaN. For a variable: the number of its values. */
  series: number;
  /** The newest value of the first series. For a variable: its first value. */
  sample: string;
  /** Number of exemplars, for queries that request them. */
  exemplars?: number;
}

type Sample = [time: number, value: string];
interface Series {
  value?: Sample;
  values?: Sample[];
}
type ApiResponse<T> = { status: 'success'; data: T } | { status: 'error'; error: string };

async function call<T>(base: string, path: string, parameters: Record<string, string>, method = 'POST'): Promise<T> {
  const url = new URL(`api/v1/${path}`, base.endsWith('/') ? base : `${base}/`);
  const body = new URLSearchParams(parameters);
  if (method === 'GET') url.search = body.toString();
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(30_000),
    ...(method === 'POST' ? { body } : {}),
  });
  const text = await response.text();
  let parsed: ApiResponse<T>;
  try {
    parsed = JSON.parse(text) as ApiResponse<T>;
  } catch {
    throw new Error(`${url.pathname}: status ${response.status}, response is not JSON`);
  }
  if (parsed.status !== 'success') throw new Error(parsed.error);
  return parsed.data;
}

const isNumber = ([, value]: Sample) => value !== 'NaN';

async function queryLabelValues(base: string, expr: string, times: Record<string, string>): Promise<QueryResult> {
  const [, selector, label] = /^label_values\((?:(.+), *)?(\w+)\)$/.exec(expr) ?? [];
  if (label === undefined) throw new Error(`unsupported variable query "${expr}"; expected label_values(selector, label)`);
  const match: Record<string, string> = selector === undefined ? {} : { 'match[]': selector };
  const values = await call<string[]>(base, `label/${label}/values`, { ...match, ...times }, 'GET');
  return { series: values.length, sample: values[0] ?? '' };
}

/**
 * Runs a query in the same way as Grafana. A series whose values are all NaN is not counted. Throws if Prometheus
 * reports an error.
 */
export async function runQuery(base: string, query: DashboardQuery, times: TimeSettings, now: Date): Promise<QueryResult> {
  const end = now.getTime() / 1000;
  const range = { start: String(end - parseSeconds(times.range)), end: String(end) };
  const { expr } = query;
  if (query.source === 'variable') return queryLabelValues(base, expr, range);
  const { result } = query.instant
    ? await call<{ result: Series[] }>(base, 'query', { query: expr, time: String(end) })
    : await call<{ result: Series[] }>(base, 'query_range', {
        query: expr,
        ...range,
        step: String(parseSeconds(times.interval)),
      });
  const samples = result.map(({ value, values = [] }) => (value === undefined ? values : [value]).filter(isNumber));
  const nonEmpty = samples.filter((each) => each.length > 0);
  const queryResult: QueryResult = { series: nonEmpty.length, sample: nonEmpty[0]?.at(-1)?.[1] ?? '' };
  if (!query.exemplar) return queryResult;
  const exemplars = await call<{ exemplars: unknown[] }[]>(base, 'query_exemplars', { query: expr, ...range });
  return { ...queryResult, exemplars: exemplars.reduce((sum, each) => sum + each.exemplars.length, 0) };
}
