// SPDX-License-Identifier: BSL-1.0
import { isAnswered, type Call, type RequestRecord } from './request/request.ts';

/** The period that the history covers, and the period of one chart column. */
export const historyMs = 15 * 60_000;
export const bucketMs = 15_000;
export const bucketCount = historyMs / bucketMs;
/** Bounds the memory of the page under load: 15 minutes at 20 requests per second. */
const maxSamples = 18_000;
/** Samples are removed in steps, since removing at the front moves the others. */
const removalStep = 64;

interface Sample {
  readonly at: number;
  readonly ms: number;
  readonly state: Call['state'];
}

/** One column of a chart. Without calls, all but `calls` are null or false. */
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

/** Calls of the last 15 minutes, by service. */
export class History {
  readonly #samples = new Map<string, Sample[]>();

  add(request: RequestRecord, at: number): void {
    for (const call of request.calls) {
      const list = this.#samples.get(call.service) ?? [];
      this.#samples.set(call.service, list);
      list.push({ at, ms: call.end - call.start, state: call.state });
      const isExpired = (list[removalStep]?.at ?? at) < at - historyMs - bucketMs;
      if (isExpired || list.length > maxSamples + removalStep) list.splice(0, removalStep);
    }
  }

  /** Adds earlier requests. `reference` is the server's start time of a request that arrived at `at`; only differences of the server's clock are used. */
  addEarlier(requests: readonly RequestRecord[], reference: number | null, at: number): void {
    if (reference === null) return;
    const later = [...this.#samples].map(([service, samples]) => [service, [...samples]] as const);
    this.clear();
    for (const request of requests) {
      const ago = reference - (request.startedAt ?? -Infinity);
      if (ago >= 0 && ago < historyMs) this.add(request, at - ago);
    }
    for (const [service, samples] of later) this.#samples.set(service, [...(this.#samples.get(service) ?? []), ...samples]);
  }

  clear(): void {
    this.#samples.clear();
  }

  /** The columns up to `now`, oldest first. Their bounds are multiples of `width`, so that columns do not change later. */
  buckets(service: string, now: number, width = bucketMs): Bucket[] {
    const count = historyMs / width;
    const last = Math.floor(now / width);
    const grouped = Array.from({ length: count }, (): Sample[] => []);
    for (const sample of this.#samples.get(service) ?? []) {
      grouped[count - 1 - (last - Math.floor(sample.at / width))]?.push(sample);
    }
    return grouped.map(toBucket);
  }

  summary(service: string, now: number): Summary {
    const samples = (this.#samples.get(service) ?? []).filter((sample) => sample.at > now - historyMs);
    if (samples.length === 0) return { p50: null, p99: null, perSecond: null, failureRatio: null };
    const first = samples[0]?.at ?? now;
    const span = Math.min(60_000, Math.max(now - first, 1_000));
    const recent = samples.filter((sample) => sample.at > now - span);
    return {
      p50: percentile(answered(samples), 0.5),
      p99: percentile(answered(samples), 0.99),
      perSecond: now - first < 5_000 ? null : recent.length / (span / 1_000),
      failureRatio: samples.filter((sample) => !isAnswered(sample.state)).length / samples.length,
    };
  }
}

function toBucket(samples: readonly Sample[]): Bucket {
  // A call that was rejected immediately is not a latency measurement.
  const called = samples.filter((sample) => sample.state !== 'open' && sample.state !== 'shed').map((sample) => sample.ms);
  return {
    calls: samples.length,
    p50: percentile(called, 0.5),
    p99: percentile(called, 0.99),
    failed: samples.filter((sample) => !isAnswered(sample.state)).length,
    open: samples.some((sample) => sample.state === 'open'),
  };
}

function answered(samples: readonly Sample[]): number[] {
  return samples.filter((sample) => sample.state !== 'open' && sample.state !== 'shed').map((sample) => sample.ms);
}

/** The nearest-rank percentile; null without values. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
