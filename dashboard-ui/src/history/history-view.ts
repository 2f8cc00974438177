// SPDX-License-Identifier: BSL-1.0
import { formatLocalSecond, milliseconds, pluralize, formatShare } from '../format.ts';
import { bucketMs, type Bucket, type History, type Mean, type TrendName } from './history.ts';
import type { SystemInfo } from '../model.ts';
import { services, type PanelName } from '../services.ts';

/** A small chart of a share, with its text. */
export interface TrendView {
  /** The current value: "53 %". */
  readonly value: string;
  readonly description: string;
  /** The mean of each column; null for a column without values. */
  readonly columns: readonly (number | null)[];
}

const none = '–';

/** The load average over one minute, divided by the number of logical CPUs. */
export function cpuLoad(info: SystemInfo | null): number | null {
  const load = info?.loadAverage?.[0];
  const cpus = info?.cpuCount ?? 0;
  return load === undefined || cpus <= 0 ? null : load / cpus;
}

/** The share of used memory. */
export function usedMemory(info: SystemInfo | null): number | null {
  const percent = info?.memoryPercent ?? null;
  return percent === null ? null : percent / 100;
}

/** A share that varies, such as used memory. `latest`: the current value if it is known; otherwise the last mean. */
export function toUtilizationTrend(name: string, means: readonly Mean[], latest: number | null): TrendView {
  const known = means.flatMap(({ mean }) => (mean === null ? [] : [mean]));
  const current = latest ?? known.at(-1);
  const texts = current === undefined || known.length === 0 ? null : { now: formatShare(current), highest: formatShare(Math.max(...known)) };
  return {
    value: texts?.now ?? none,
    description: describe(name, texts === null ? null : `now ${texts.now}, highest ${texts.highest}`),
    columns: means.map(({ mean }) => mean),
  };
}

/** The share of the weather reports that came from the cache. */
export function toCacheTrend(means: readonly Mean[]): TrendView {
  const reports = means.reduce((sum, { count }) => sum + count, 0);
  const cached = Math.round(means.reduce((sum, { count, mean }) => sum + count * (mean ?? 0), 0));
  return {
    value: reports === 0 ? none : `${formatShare(cached / reports)} of ${pluralize(reports, 'report')}`,
    description: describe('Weather reports from the cache', reports === 0 ? null : `${cached} of ${reports}`),
    columns: means.map(({ mean }) => mean),
  };
}

function describe(name: string, text: string | null): string {
  return `${name}, last 15 minutes: ${text ?? 'no values yet'}.`;
}

const minuteMs = 4 * bucketMs;

/** The columns of a panel's table with values of trends. */
const trendColumns: Record<PanelName, readonly (readonly [string, TrendName])[]> = {
  time: [],
  system: [
    ['CPU load', 'cpu'],
    ['Memory', 'memory'],
  ],
  weather: [['From cache', 'cached']],
};

export interface HistoryTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Returns the chart values of a panel by minute, newest first. Minutes without values are omitted. `now`: milliseconds
 * since the epoch.
 */
export function toHistoryTable(panel: PanelName, history: History, now: number): HistoryTable {
  const key = services.find((service) => service.panel === panel)?.key ?? '';
  const columns = trendColumns[panel].map(([, name]) => history.means(key, name, now, minuteMs));
  const minutes = history.buckets(key, now, minuteMs);
  // The times are rounded to the minute, since the clocks of the server and of the page differ.
  const first = history.firstColumnStart(now, minuteMs) + minuteMs / 2;
  const rows = minutes.flatMap((bucket, index) => {
    const means = columns.map((column) => column[index] ?? { count: 0, mean: null });
    if (bucket.calls === 0 && means.every(({ count }) => count === 0)) return [];
    return [[formatLocalSecond(first + index * minuteMs).slice(0, 5), ...callCells(bucket), ...means.map(meanCell)]];
  });
  return { head: ['Minute', 'Calls', 'Failed', 'p50', 'p99', 'Breaker', ...trendColumns[panel].map(([title]) => title)], rows: rows.reverse() };
}

function callCells({ calls, failed, p50, p99, open }: Bucket): string[] {
  const latency = (ms: number | null) => (ms === null ? none : milliseconds(ms));
  return [String(calls), String(failed), latency(p50), latency(p99), open ? 'open' : calls === 0 ? none : 'closed'];
}

function meanCell({ mean }: Mean): string {
  return mean === null ? none : formatShare(mean);
}
