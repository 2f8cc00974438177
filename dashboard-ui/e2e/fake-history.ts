// SPDX-License-Identifier: BSL-1.0
import { bucketCount, bucketMs } from '../src/history/history.ts';
import { isObject, numberAt, objectAt, type JsonObject } from '../src/json.ts';
import { services } from '../src/services.ts';
import type { SampleColumn } from '../test/samples/history.ts';

type Mean = { readonly count: number; readonly mean: number };

/** The calls that the fake server counts for its charts, as the dashboard service does. */
export class FakeHistory {
  readonly #columns = new Map<string, SampleColumn[]>();

  /** Adds earlier columns of one service, oldest first. */
  addColumns(service: string, columns: readonly SampleColumn[]): void {
    this.#columns.set(service, [...(this.#columns.get(service) ?? []), ...columns]);
  }

  addRequest(request: object, now: number): void {
    const calls: unknown = (request as JsonObject)['calls'];
    for (const call of Array.isArray(calls) ? (calls as unknown[]).filter(isObject) : []) {
      const state = String(call['state']);
      const ms = (numberAt(call, 'end_ms') ?? 0) - (numberAt(call, 'start_ms') ?? 0);
      this.#change(String(call['service']), now, (column) => ({
        ...column,
        calls: column.calls + 1,
        failed: column.failed + (state === 'fresh' || state === 'stale' ? 0 : 1),
        open: column.open + (state === 'open' ? 1 : 0),
        latencies: state === 'open' || state === 'shed' ? column.latencies : [...column.latencies, [ms, 1] as const],
      }));
    }
  }

  addAggregate(aggregate: object, now: number): void {
    const system = objectAt(aggregate as JsonObject, 'sysinfo_service');
    const load: unknown = Array.isArray(system['load_average']) ? (system['load_average'] as unknown[])[0] : null;
    const [cpus, memory] = [numberAt(system, 'cpu_count') ?? 0, numberAt(system, 'memory_percent')];
    this.#change('sysinfo_service', now, (column) => ({
      ...column,
      ...(typeof load === 'number' && cpus > 0 ? { cpu: withValue(column.cpu, load / cpus) } : {}),
      ...(memory === null ? {} : { memory: withValue(column.memory, memory / 100) }),
    }));
    const cached = objectAt(aggregate as JsonObject, 'weather_service')['cached'];
    if (typeof cached !== 'boolean') return;
    this.#change('weather_service', now, (column) => ({ ...column, cached: withValue(column.cached, cached ? 1 : 0) }));
  }

  /** All columns. */
  body(now: number): object {
    return this.#body(now, bucketCount);
  }

  /** The last two columns, as in an event. */
  latest(now: number): object {
    return this.#body(now, 2);
  }

  #body(now: number, columns: number): object {
    return { now_ms: now, services: Object.fromEntries(services.map(({ key }) => [key, (this.#columns.get(key) ?? []).slice(-columns)])) };
  }

  #change(service: string, now: number, change: (column: SampleColumn) => SampleColumn): void {
    const at = Math.floor(now / bucketMs) * bucketMs;
    const columns = this.#columns.get(service) ?? [];
    const last = columns.at(-1);
    const empty: SampleColumn = { at_ms: at, calls: 0, failed: 0, open: 0, latencies: [] };
    this.#columns.set(service, last?.at_ms === at ? [...columns.slice(0, -1), change(last)] : [...columns, change(empty)]);
  }
}

function withValue(mean: Mean | undefined, value: number): Mean {
  const { count, mean: old } = mean ?? { count: 0, mean: 0 };
  return { count: count + 1, mean: (count * old + value) / (count + 1) };
}
