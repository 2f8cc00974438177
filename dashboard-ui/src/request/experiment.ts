// SPDX-License-Identifier: BSL-1.0
import { isObject, numberAt, objectAt, parseObject, textAt, type JsonObject } from '../json.ts';
import { partStates } from '../model.ts';
import { readRequest, type Call, type RequestRecord } from './request.ts';
import { readServices } from '../services.ts';

/** The fault that an experiment injects into the weather service, and its deadline. */
export interface ExperimentSettings {
  readonly latencyMs: number;
  readonly errorPercent: number;
  readonly deadlineMs: number;
}

/** The response of one service. */
export interface Arrival {
  readonly state: Call['state'];
  readonly elapsed: number;
}

/** One of the two aggregates of an experiment. */
export interface Measurement {
  /** The timeout of each call, in milliseconds. */
  readonly deadline: number;
  readonly arrivals: ReadonlyMap<string, Arrival>;
  /** The record of the calls; null until they have ended. */
  readonly request: RequestRecord | null;
}

/** The current or last experiment of the server. */
export interface Experiment {
  readonly number: number;
  readonly phase: 'idle' | 'running' | 'done' | 'failed';
  /** The reason for the failure, or other information; null if there is no message. */
  readonly message: string | null;
  readonly settings: ExperimentSettings;
  /** The timeout of the calls without a deadline. */
  readonly maxWaitMs: number;
  /** Start of the calls on the page's clock. */
  readonly startedAt: number;
  /** The measurement with the deadline and the measurement without it; empty before the first experiment. */
  readonly measurements: readonly Measurement[];
}

/** An experiment with the time of its event. */
export interface ReceivedExperiment {
  readonly value: Experiment;
  readonly receivedAt: number;
}

const phases = ['idle', 'running', 'done', 'failed'] as const;
const names = ['with_deadline', 'without_deadline'];

/** Parses the data of an `experiment` event that was received at `now`; null if it is malformed. */
export function parseExperimentEvent(data: string, now: number): Experiment | null {
  const body = parseObject(data);
  const phase = phases.find((known) => known === body?.['state']);
  if (body === null || phase === undefined) return null;
  const settings = objectAt(body, 'settings');
  const list = Array.isArray(body['measurements']) ? (body['measurements'] as unknown[]).filter(isObject) : [];
  const measurements = names.flatMap((name) => list.filter((measurement) => measurement['name'] === name).slice(0, 1).map(readMeasurement));
  return {
    number: numberAt(body, 'number') ?? 0,
    phase,
    message: textAt(body, 'message'),
    settings: {
      latencyMs: numberAt(settings, 'latency_ms') ?? 0,
      errorPercent: numberAt(settings, 'error_percent') ?? 0,
      deadlineMs: numberAt(settings, 'deadline_ms') ?? 0,
    },
    maxWaitMs: numberAt(body, 'max_wait_ms') ?? 0,
    startedAt: now - (numberAt(body, 'age_ms') ?? 0),
    measurements: measurements.length === names.length ? measurements : [],
  };
}

/** The next state: the start of a running experiment does not move with each of its events. */
export function withExperiment(before: ReceivedExperiment | null, value: Experiment, now: number): ReceivedExperiment {
  const isSame = before !== null && before.value.phase === 'running' && before.value.number === value.number;
  const hasStarted = isSame && before.value.measurements.some((measured) => measured.arrivals.size > 0);
  return { value: hasStarted ? { ...value, startedAt: before.value.startedAt } : value, receivedAt: now };
}

/** Milliseconds after which a stream without an `experiment` event does not support experiments. */
export const experimentEventTimeoutMs = 3_000;

function readMeasurement(body: JsonObject): Measurement {
  const parts = objectAt(body, 'parts');
  const arrivals = readServices((key): Arrival | null => {
    const part = parts[key];
    if (!isObject(part)) return null;
    const state = partStates.find((known) => known === part['state']) ?? 'unknown';
    return { state, elapsed: numberAt(part, 'elapsed_ms') ?? 0 };
  });
  return {
    deadline: numberAt(body, 'deadline_ms') ?? 0,
    arrivals,
    request: isObject(body['request']) ? readRequest(body['request']) : null,
  };
}
