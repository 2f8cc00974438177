// SPDX-License-Identifier: BSL-1.0
import { bucketMs } from '../../src/history/history.ts';

export interface SampleColumn {
  readonly at_ms: number;
  readonly calls: number;
  readonly failed: number;
  readonly open: number;
  readonly latencies: readonly (readonly [number, number])[];
  readonly cpu?: { readonly count: number; readonly mean: number };
  readonly memory?: { readonly count: number; readonly mean: number };
  readonly cached?: { readonly count: number; readonly mean: number };
}

/** A column of ten calls of 41.17 ms, in the format of the server. `at`: any time in the column. */
export function columnAt(at: number, changes: Partial<SampleColumn> = {}): SampleColumn {
  return { at_ms: Math.floor(at / bucketMs) * bucketMs, calls: 10, failed: 0, open: 0, latencies: [[41.17, 10]], ...changes };
}

/** The data of a `history` event. */
export function historyBody(now: number, columns: { readonly time?: readonly SampleColumn[]; readonly system?: readonly SampleColumn[]; readonly weather?: readonly SampleColumn[] }) {
  const { time = [], system = [], weather = [] } = columns;
  return { now_ms: now, services: { time_service: time, sysinfo_service: system, weather_service: weather } };
}
