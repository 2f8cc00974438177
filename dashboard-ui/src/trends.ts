// SPDX-License-Identifier: BSL-1.0
import { bucketCount, bucketMs, historyMs } from './history.ts';
import type { PageState } from './page-state.ts';

export interface Mean {
  readonly count: number;
  /** Null without values. */
  readonly mean: number | null;
}

interface Sum {
  readonly column: number;
  total: number;
  count: number;
}

/** A value over the last 15 minutes, as sums over 15 s each: the memory does not depend on the number of values. */
export class Trend {
  /** Oldest first. */
  #sums: Sum[] = [];
  #latest: number | null = null;

  /** The last value; null without values. */
  get latest(): number | null {
    return this.#latest;
  }

  /** `at`: milliseconds; must not decrease. */
  add(value: number, at: number): void {
    this.#latest = value;
    const column = Math.floor(at / bucketMs);
    const last = this.#sums.at(-1);
    if (last?.column === column) {
      last.total += value;
      last.count += 1;
    } else {
      this.#sums.push({ column, total: value, count: 1 });
      if (this.#sums.length > bucketCount) this.#sums.shift();
    }
  }

  clear(): void {
    this.#sums = [];
    this.#latest = null;
  }

  /** The means of the columns up to `now`, oldest first. `width`: milliseconds of a column, a multiple of `bucketMs`. */
  means(now: number, width = bucketMs): Mean[] {
    const count = historyMs / width;
    const last = Math.floor(now / width);
    const columns = Array.from({ length: count }, () => ({ total: 0, count: 0 }));
    for (const sum of this.#sums) {
      const column = columns[count - 1 - (last - Math.floor((sum.column * bucketMs) / width))];
      if (column === undefined) continue;
      column.total += sum.total;
      column.count += sum.count;
    }
    return columns.map((column) => ({ count: column.count, mean: column.count === 0 ? null : column.total / column.count }));
  }
}

/** The trends of values that the services report. All are shares; a load may exceed 1. */
export class Trends {
  /** The load average over one minute, divided by the number of logical CPUs. */
  readonly cpu = new Trend();
  /** Used memory. */
  readonly memory = new Trend();
  /** 1 for a weather report from the cache, else 0: the mean is the share of the reports from the cache. */
  readonly cache = new Trend();

  /** Adds the values that an event has changed. */
  add(before: PageState, after: PageState, at: number): void {
    const info = after.system.value;
    if (info !== null && info !== before.system.value) {
      const load = info.loadAverage?.[0];
      if (load !== undefined && info.cpuCount !== null && info.cpuCount > 0) this.cpu.add(load / info.cpuCount, at);
      if (info.memoryPercent !== null) this.memory.add(info.memoryPercent / 100, at);
    }
    const report = after.weather.value;
    if (report !== null && report !== before.weather.value && report.cached !== null) this.cache.add(report.cached ? 1 : 0, at);
  }

  clear(): void {
    for (const trend of [this.cpu, this.memory, this.cache]) trend.clear();
  }
}
