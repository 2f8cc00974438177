// SPDX-License-Identifier: BSL-1.0
import { isObject, numberAt, objectAt, parseObject, type JsonObject } from '../json.ts';
import { readServices } from '../services.ts';

/** The period that the history covers, and the period of one chart column. */
export const historyMs = 15 * 60_000;
export const bucketMs = 15_000;
export const bucketCount = historyMs / bucketMs;
/** Maximum number of latencies of a column, to bound the memory of the page; the server sends at most 72. */
const maxLatencies = 100;

/** Values that the services report. All are shares; a load may exceed 1. */
export type TrendName = 'cpu' | 'memory' | 'cached';

export interface Mean {
  readonly count: number;
  /** Null without values. */
  readonly mean: number | null;
}

/** A latency in milliseconds, and the number of calls with this latency. */
type Latency = readonly [ms: number, count: number];

/** The calls of one column, counted by the server. */
interface Column {
  /** Multiples of `bucketMs` since the epoch of the server's clock. */
  readonly number: number;
  readonly calls: number;
  readonly failed: number;
  readonly open: number;
  readonly latencies: readonly Latency[];
  readonly means: Readonly<Record<TrendName, Mean>>;
}

/** A part of the server's history: columns by service. */
export interface HistoryUpdate {
  /** The server's clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  readonly services: ReadonlyMap<string, readonly Column[]>;
}

/** One column of a chart. Without calls, all but `calls` are null, zero or false. */
export interface Bucket {
  readonly calls: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly failed: number;
  /** Whether a call was rejected by an open breaker. */
  readonly open: boolean;
}

export interface Summary {
  readonly p50: number | null;
  readonly p99: number | null;
  /** Calls per second, in the last full minute. */
  readonly perSecond: number | null;
  readonly failureRatio: number | null;
}

/**
 * The calls of the last 15 minutes, by service. The server counts the calls; the page merges the received columns,
 * which may arrive in any order and repeatedly.
 */
export class History {
  readonly #columns = new Map<string, Map<number, Column>>();
  /** The server's clock minus the page's. */
  #offset = 0;

  /** `at`: milliseconds since the epoch, on the page's clock. */
  merge(update: HistoryUpdate, at: number): void {
    this.#offset = update.nowMs - at;
    const last = Math.floor(update.nowMs / bucketMs);
    for (const [service, received] of update.services) {
      const known = this.#columns.get(service) ?? new Map<number, Column>();
      this.#columns.set(service, known);
      for (const column of received) {
        // The counts of a column never decrease. Therefore, the lower counts of a restarted server do not replace the
        // earlier counts.
        if (column.calls >= (known.get(column.number)?.calls ?? 0)) known.set(column.number, column);
      }
      for (const number of known.keys()) if (number <= last - bucketCount || number > last) known.delete(number);
    }
  }

  clear(): void {
    this.#columns.clear();
  }

  /**
   * The columns up to `now`, oldest first. Their bounds are multiples of `width`, so that columns do not change later.
   */
  buckets(service: string, now: number, width = bucketMs): Bucket[] {
    return this.#groupColumns(service, now, width).map(toBucket);
  }

  /**
   * The means of the columns up to `now`, oldest first. `width`: milliseconds of a column, a multiple of `bucketMs`.
   */
  means(service: string, name: TrendName, now: number, width = bucketMs): Mean[] {
    return this.#groupColumns(service, now, width).map((columns) => {
      const count = columns.reduce((sum, { means }) => sum + means[name].count, 0);
      const total = columns.reduce((sum, { means }) => sum + means[name].count * (means[name].mean ?? 0), 0);
      return { count, mean: count === 0 ? null : total / count };
    });
  }

  /** The start of the first of the columns up to `now`, on the page's clock. */
  firstColumnStart(now: number, width: number): number {
    return (Math.floor((now + this.#offset) / width) - historyMs / width + 1) * width - this.#offset;
  }

  summary(service: string, now: number): Summary {
    const groups = this.#groupColumns(service, now, bucketMs);
    const columns = groups.flat();
    const { calls, failed, p50, p99 } = toBucket(columns);
    // The first column with calls and the last column may cover less than 15 s.
    const full = groups.slice(groups.findIndex((group) => group.length > 0) + 1, -1).slice(-60_000 / bucketMs);
    const perSecond = full.length === 0 ? null : (toBucket(full.flat()).calls * 1_000) / (full.length * bucketMs);
    return calls === 0 ? { p50, p99, perSecond: null, failureRatio: null } : { p50, p99, perSecond, failureRatio: failed / calls };
  }

  #groupColumns(service: string, now: number, width: number): Column[][] {
    const count = historyMs / width;
    const last = Math.floor((now + this.#offset) / width);
    const groups = Array.from({ length: count }, (): Column[] => []);
    for (const column of this.#columns.get(service)?.values() ?? []) {
      groups[count - 1 - (last - Math.floor((column.number * bucketMs) / width))]?.push(column);
    }
    return groups;
  }
}

function toBucket(columns: readonly Column[]): Bucket {
  const latencies = columns.flatMap((column) => column.latencies);
  return {
    calls: columns.reduce((sum, { calls }) => sum + calls, 0),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    failed: columns.reduce((sum, { failed }) => sum + failed, 0),
    open: columns.some(({ open }) => open > 0),
  };
}

/** The nearest-rank percentile; null without values. */
export function percentile(latencies: readonly Latency[], share: number): number | null {
  const total = latencies.reduce((sum, [, count]) => sum + count, 0);
  const sorted = [...latencies].sort(([a], [b]) => a - b);
  let rank = Math.max(1, Math.ceil(share * total));
  for (const [ms, count] of sorted) {
    rank -= count;
    if (rank <= 0) return ms;
  }
  return null;
}

/** Parses the data of a `history` event, or the body of `/api/history`; null if it is malformed. */
export function parseHistoryEvent(data: string): HistoryUpdate | null {
  const body = parseObject(data);
  const nowMs = body === null ? null : numberAt(body, 'now_ms');
  if (body === null || nowMs === null || !isObject(body['services'])) return null;
  const lists = body['services'];
  return {
    nowMs,
    services: readServices((key) => {
      const list = lists[key];
      return Array.isArray(list) ? (list as unknown[]).filter(isObject).slice(-bucketCount).flatMap(readColumn) : null;
    }),
  };
}

function readColumn(body: JsonObject): Column[] {
  const at = numberAt(body, 'at_ms');
  if (at === null) return [];
  const count = (key: string) => Math.max(0, numberAt(body, key) ?? 0);
  const latencies = Array.isArray(body['latencies']) ? (body['latencies'] as unknown[]) : [];
  return [
    {
      number: Math.floor(at / bucketMs),
      calls: count('calls'),
      failed: count('failed'),
      open: count('open'),
      latencies: latencies.slice(0, maxLatencies).flatMap(readLatency),
      means: { cpu: readMean(body, 'cpu'), memory: readMean(body, 'memory'), cached: readMean(body, 'cached') },
    },
  ];
}

function readLatency(pair: unknown): Latency[] {
  if (!Array.isArray(pair)) return [];
  const [ms, count] = pair as unknown[];
  return typeof ms === 'number' && typeof count === 'number' && ms >= 0 && count > 0 ? [[ms, count]] : [];
}

function readMean(body: JsonObject, key: TrendName): Mean {
  const value = objectAt(body, key);
  const [count, mean] = [numberAt(value, 'count'), numberAt(value, 'mean')];
  return count === null || count <= 0 || mean === null ? { count: 0, mean: null } : { count, mean };
}
