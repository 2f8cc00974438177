// SPDX-License-Identifier: BSL-1.0
// Types of the JSON that is exchanged with cohort-rehearse (simulation/rehearse/real_plan.hpp and observed_run.hpp).
import { inflateSync } from 'node:zlib';

export interface RealService {
  name: string;
  program: string;
  threads: number;
  machine: string;
  environment: Record<string, string>;
  calls: { to: string; url_variable: string }[];
}

export interface RealFault {
  at_s: number;
  lasts_s: number;
  service: string;
  slowdown: number;
  latency_ms: number;
  error_percent: number;
  hang_percent: number;
  is_killed: boolean;
}

export interface Phase {
  name: string;
  start_s: number;
  length_s: number;
}

export interface RealScenario {
  name: string;
  phases: Phase[];
  faults: RealFault[];
}

export interface RealPlan {
  services: RealService[];
  load: {
    service: string;
    path: string;
    rate: number;
    patience_s: number;
    retries: number;
    backoff_s: number;
    timeout_s: number;
    deadline_s?: number | null;
    complete_result_text: string;
  };
  calibration_rate: number;
  calibration_s: number;
  rates: { name: string; rate: number }[];
  scenarios: RealScenario[];
}

export interface BreakerChange {
  service: string;
  upstream: string;
  state: string;
  at_s: number;
}

export interface ObservedPhase extends Phase {
  calls: number;
  good: number;
  attempts: number;
  outcomes: Record<string, number>;
  p50_us: number | null;
  p99_us: number | null;
  p50_is_lower_bound: boolean;
  p99_is_lower_bound: boolean;
}

export interface ObservedRun {
  name: string;
  rate: number;
  seconds: { ended: number; good: number; p99_us: number | null }[];
  phases: ObservedPhase[];
  breakers: BreakerChange[];
  cpu_s: Record<string, number>;
  invalid_reason: string;
  dispatch_lag: { lag_us: number; calls: number }[];
  response_after_idle: { idle_us: number; calls: number; p50_us: number }[];
}

/** The part of loadgen's JSON report that a rehearsal reads. */
export interface LoadgenReport {
  verdict: { word: string; reasons: string[]; limited_by: string[] };
  totals: LoadgenRunTotals;
  phases: { name: string; totals: LoadgenTotals }[];
  intervals: { start_s: number; length_s: number; totals: { ended: number; on_time: number; p99_us: number | null } }[];
}

interface LoadgenTotals {
  planned: number;
  outcomes: Record<string, number>;
  on_time: number;
  attempts: number;
  response: { p50_us: number | null; p99_us: number | null; lower_bounds: string[] };
  dispatch_lag: { p99_us: number | null };
}

/** Totals of a run, with histograms and idle times. */
interface LoadgenRunTotals {
  dispatch_lag: { hdr_v2_base64: string };
  response_after_idle: { idle_us: number; count: number; p50_us: number }[];
}

/** The reason why loadgen's report is invalid; empty if it is valid, or if the only reason is a lag of at most `allowedLagSeconds`. */
export function findInvalidReason({ verdict, phases }: LoadgenReport, allowedLagSeconds: number): string {
  if (verdict.word !== 'invalid') return '';
  const lag_us = Math.max(0, ...phases.map(({ totals }) => totals.dispatch_lag.p99_us ?? 0));
  const isAllowed = lag_us <= 1e6 * allowedLagSeconds && verdict.limited_by.every((name) => name === 'dispatch_lag');
  return isAllowed ? '' : verdict.reasons.join(' ');
}

/** Half the number of values in a bucket of loadgen's histogram; only the first bucket uses the lower half. */
const subBucketHalfCount = 1024;
const histogramHeaderBytes = 40;

/** Reads HdrHistogram's compressed V2 encoding: the lowest value of each bucket that is not empty, and its count. */
export function readHistogram(base64: string): { value: number; count: number }[] {
  const compressed = Buffer.from(base64, 'base64');
  const encoded = inflateSync(compressed.subarray(8));
  const values: { value: number; count: number }[] = [];
  for (let at = histogramHeaderBytes, index = 0; at < encoded.length; ++index) {
    // A little-endian base-128 integer in ZigZag encoding: a count or, if negative, the number of empty buckets.
    let zigzag = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(encoded[at++] ?? 0);
      zigzag |= (shift === 56n ? byte : byte & 0x7fn) << shift;
      if (shift === 56n || byte < 0x80n) break;
    }
    const number = Number(zigzag % 2n === 0n ? zigzag / 2n : -(zigzag + 1n) / 2n);
    if (number < 0) {
      index += -number - 1;
    } else if (number > 0) {
      const bucket = Math.max(0, Math.floor(index / subBucketHalfCount) - 1);
      values.push({ value: (index - bucket * subBucketHalfCount) * 2 ** bucket, count: number });
    }
  }
  return values;
}

const outcomeNames: Record<string, string> = {
  '2xx': 'ok', '3xx': 'ok', '4xx': '4xx', '429': '429', '5xx': '5xx', '503': '503', body_check: 'partial',
};

/** Converts loadgen's totals of a phase to the outcomes of a rehearsal: all outcomes without a response become one. */
export function observePhase(phase: Phase, totals: LoadgenTotals): ObservedPhase {
  const outcomes: Record<string, number> = {};
  for (const [key, count] of Object.entries(totals.outcomes)) {
    const name = outcomeNames[key] ?? 'no response';
    if (count > 0) outcomes[name] = (outcomes[name] ?? 0) + count;
  }
  const { p50_us, p99_us, lower_bounds } = totals.response;
  return {
    ...phase,
    calls: totals.planned,
    good: totals.on_time,
    attempts: totals.attempts,
    outcomes,
    p50_us,
    p99_us,
    p50_is_lower_bound: lower_bounds.includes('p50_us'),
    p99_is_lower_bound: lower_bounds.includes('p99_us'),
  };
}

/** Returns the states of breakers in a metrics response, by upstream. */
export function readBreakers(exposition: string): Map<string, string> {
  const states = new Map<string, string>();
  for (const [, labels = '', value] of exposition.matchAll(/^cohort_client_breaker_state\{([^}]*)\} (\d+)/gm)) {
    const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (value !== '0') states.set(label('upstream'), label('state'));
  }
  return states;
}
