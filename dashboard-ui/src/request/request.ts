// SPDX-License-Identifier: BSL-1.0
import { isObject, numberAt, parseObject, textAt, type JsonObject } from '../json.ts';
import { partStates, type Aggregate, type PartState } from '../model.ts';

const attemptKinds = ['first', 'retry', 'hedge', 'redirect'] as const;
export type AttemptKind = (typeof attemptKinds)[number];

/** One attempt of a call. All times in milliseconds; `start` and `end` since the start of the request. */
export interface Attempt {
  readonly kind: AttemptKind;
  readonly address: string | null;
  readonly start: number;
  readonly end: number;
  /** Durations of the consecutive phases. */
  readonly phases: Readonly<Record<Phase, number>>;
  readonly outcome: string | null;
  readonly status: number | null;
  /** The reason for the cancellation, such as `deadline`; null if the attempt was not cancelled. */
  readonly cancelledBy: string | null;
  /** The remaining time that was sent to the upstream. */
  readonly deadlineSent: number | null;
}

/**
 * Phases of an attempt, in order: wait for a connection, connect, TLS handshake, wait for the response, read the body.
 */
export const phases = ['queued', 'connect', 'tls', 'wait', 'read'] as const;
export type Phase = (typeof phases)[number];

/** The server's reason for the latest call to a service, without the calls that an open breaker has rejected. */
export function failureReason(requests: readonly RequestRecord[], service: string): string | null {
  for (const request of [...requests].reverse()) {
    const call = request.calls.find((candidate) => candidate.service === service);
    if (call !== undefined && call.state !== 'open') return call.reason;
  }
  return null;
}

/** A call to one service, with all of its attempts. */
export interface Call {
  readonly service: string;
  readonly state: PartState | 'unknown';
  readonly start: number;
  readonly end: number;
  /** The call's timeout, from its start. */
  readonly budget: number | null;
  readonly reason: string | null;
  readonly attempts: readonly Attempt[];
}

/** One aggregate request of the server, from its start to its response. */
export interface RequestRecord {
  /** Identifies the record on this page. */
  readonly key: string;
  readonly traceId: string | null;
  /** Milliseconds since the epoch; null if unknown. */
  readonly startedAt: number | null;
  readonly duration: number;
  readonly deadline: number | null;
  readonly complete: boolean;
  readonly calls: readonly Call[];
}

/** Maximum number of displayed calls and attempts; a server does not record more. */
const maxCalls = 16;
const maxAttempts = 16;
/** Maximum time: longer times are invalid, or too long for the drawing. */
const maxMs = 3_600_000;
const maxTextLength = 200;

/** Parses the data of a `request` event; null if it is malformed. */
export function parseRequestEvent(data: string): RequestRecord | null {
  const body = parseObject(data);
  return body === null ? null : readRequest(body);
}

/** Parses the body of `GET /api/requests`, oldest first; empty if it is malformed. */
export function parseRequests(text: string): RequestRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const list = isObject(value) ? value['requests'] : value;
  if (!Array.isArray(list)) return [];
  return (list as unknown[])
    .flatMap((item) => (isObject(item) ? [readRequest(item)] : []))
    .filter((record) => record !== null)
    .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

/** Returns the calls of an aggregate, each with one attempt, for a server without `request` events. */
export function requestFromAggregate(aggregate: Aggregate, key: string, startedAt: number): RequestRecord {
  const parts = [
    ['time_service', aggregate.time],
    ['sysinfo_service', aggregate.system],
    ['weather_service', aggregate.weather],
  ] as const;
  const calls = parts.flatMap(([service, part]): Call[] => {
    const elapsed = part.timing.elapsedMs;
    if (elapsed === null) return [];
    const budget = part.timing.deadlineMs;
    const wasSent = part.state !== 'shed' && part.state !== 'open';
    const attempt: Attempt = {
      kind: 'first',
      address: null,
      start: 0,
      end: elapsed,
      phases: { queued: 0, connect: 0, tls: 0, wait: elapsed, read: 0 },
      outcome: part.state,
      status: null,
      cancelledBy: part.state === 'timeout' ? 'deadline' : null,
      deadlineSent: null,
    };
    return [{ service, state: part.state, start: 0, end: elapsed, budget, reason: null, attempts: wasSent ? [attempt] : [] }];
  });
  return {
    key,
    traceId: null,
    startedAt,
    duration: Math.max(0, ...calls.map((call) => call.end)),
    deadline: null,
    complete: calls.every((call) => isAnswered(call.state)),
    calls,
  };
}

export function isAnswered(state: Call['state']): boolean {
  return state === 'fresh' || state === 'stale';
}

/** The deadline of the request or, if it has none, the latest deadline of its calls. */
export function deadlineOf(request: RequestRecord): number | null {
  if (request.deadline !== null) return request.deadline;
  const ends = request.calls.flatMap((call) => (call.budget === null ? [] : [call.start + call.budget]));
  return ends.length === 0 ? null : Math.max(...ends);
}

/** Whether the call, or one of its attempts, exceeded the deadline. */
export function hasExceededDeadline(call: Call): boolean {
  return call.state === 'timeout' || call.attempts.some((attempt) => attempt.cancelledBy === 'deadline');
}

/** Parses a record of the server; null if it is malformed. */
export function readRequest(body: JsonObject): RequestRecord | null {
  const list = body['calls'];
  if (!Array.isArray(list)) return null;
  const calls = (list as unknown[]).filter(isObject).slice(0, maxCalls).map(readCall);
  const traceId = boundedTextAt(body, 'trace_id');
  const startedAt = readInstant(body['started_at']);
  return {
    key: `${traceId ?? ''} ${startedAt ?? ''}`,
    traceId,
    startedAt,
    duration: milliseconds(body, 'duration_ms') ?? Math.max(0, ...calls.map((call) => call.end)),
    deadline: milliseconds(body, 'deadline_ms'),
    complete: body['status'] === 'complete',
    calls,
  };
}

function readCall(body: JsonObject): Call {
  const start = milliseconds(body, 'start_ms') ?? 0;
  const attempts = Array.isArray(body['attempts']) ? (body['attempts'] as unknown[]) : [];
  return {
    service: boundedTextAt(body, 'service') ?? 'unknown',
    state: partStates.find((state) => state === body['state']) ?? 'unknown',
    start,
    end: Math.max(start, milliseconds(body, 'end_ms') ?? start),
    budget: milliseconds(body, 'budget_ms'),
    reason: boundedTextAt(body, 'reason'),
    attempts: attempts.filter(isObject).slice(0, maxAttempts).map(readAttempt),
  };
}

function readAttempt(body: JsonObject): Attempt {
  const start = milliseconds(body, 'start_ms') ?? 0;
  return {
    kind: attemptKinds.find((kind) => kind === body['kind']) ?? 'first',
    address: boundedTextAt(body, 'address'),
    start,
    end: Math.max(start, milliseconds(body, 'end_ms') ?? start),
    phases: {
      queued: milliseconds(body, 'queued_ms') ?? 0,
      connect: milliseconds(body, 'connect_ms') ?? 0,
      tls: milliseconds(body, 'tls_ms') ?? 0,
      wait: milliseconds(body, 'wait_ms') ?? 0,
      read: milliseconds(body, 'read_ms') ?? 0,
    },
    outcome: boundedTextAt(body, 'outcome'),
    status: numberAt(body, 'status'),
    cancelledBy: boundedTextAt(body, 'cancelled_by'),
    deadlineSent: milliseconds(body, 'deadline_sent_ms'),
  };
}

function milliseconds(body: JsonObject, key: string): number | null {
  const value = numberAt(body, key);
  return value === null || value < 0 ? null : Math.min(value, maxMs);
}

function boundedTextAt(body: JsonObject, key: string): string | null {
  return textAt(body, key)?.slice(0, maxTextLength) ?? null;
}

/** Milliseconds since the epoch, as a number or in ISO 8601. */
function readInstant(value: unknown): number | null {
  const instant = typeof value === 'string' ? Date.parse(value) : value;
  return typeof instant === 'number' && Number.isFinite(instant) ? instant : null;
}
