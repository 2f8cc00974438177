// SPDX-License-Identifier: BSL-1.0
import { milliseconds, truncate } from '../format.ts';
import { deadlineOf, hasExceededDeadline, isAnswered, phases, type Attempt, type Call, type Phase, type RequestRecord } from './request.ts';
import { scaleFor, type Scale, type Tick } from './scale.ts';
import { serviceName } from '../services.ts';

/** A part of a bar. Positions from 0 to 1. */
export interface Segment {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
  /** "wait 38 ms". */
  readonly title: string;
}

/** One attempt. */
export interface Bar {
  /** Line within the row, from 0: concurrent attempts are on separate lines. */
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly segments: readonly Segment[];
  readonly label: string;
  readonly isHedge: boolean;
  /** The result of the attempt. `running`: the attempt has not ended. */
  readonly end: 'done' | 'failed' | 'cancelled' | 'deadline' | 'running';
}

/** The waiting time that a deadline saved. */
export interface SavedTime {
  /** Its end on the axis, from 0 to 1. */
  readonly until: number;
  /** "962 ms saved". */
  readonly label: string;
}

/** One call. */
export interface Row {
  readonly service: string;
  readonly name: string;
  readonly state: Call['state'] | 'running';
  readonly result: string;
  readonly lines: number;
  readonly from: number;
  readonly to: number;
  readonly bars: readonly Bar[];
  readonly deadline: number | null;
  readonly deadlineLabel: string;
  /** The time after the deadline if the call was cancelled at the deadline. */
  readonly saved: SavedTime | null;
}

export interface WaterfallView {
  readonly scale: Scale['kind'];
  readonly ticks: readonly Tick[];
  readonly rows: readonly Row[];
  /** "answered in 2.05 s". */
  readonly summary: string;
}

/** One row of the table with the same data. */
export type TableRow = readonly string[];
export const tableHead: TableRow = ['Service', 'State', 'Attempt', 'Start', 'Queue', 'Connect', 'TLS', 'Wait', 'Read', 'End', 'Outcome', 'Deadline'];

/**
 * `axis` replaces the default axis of the request. `ends`: for each service, the measured end time of the call without
 * the deadline, in milliseconds.
 */
export function toWaterfallView(
  request: RequestRecord,
  preference: Scale['kind'] | null,
  running: ReadonlySet<string> = new Set(),
  axis: Scale | null = null,
  ends: ReadonlyMap<string, number> = new Map(),
): WaterfallView {
  const scale = axis ?? scaleFor(request.duration, deadlineOf(request), preference);
  return {
    scale: scale.kind,
    ticks: scale.ticks,
    rows: request.calls.map((call) => toRow(call, scale, running.has(call.service), ends.get(call.service) ?? null)),
    summary: summarize(request, running.size > 0),
  };
}

function summarize(request: RequestRecord, isRunning: boolean): string {
  if (isRunning) return `waiting, ${milliseconds(request.duration)} so far`;
  const missing = request.calls.filter((call) => !isAnswered(call.state)).map((call) => truncate(serviceName(call.service), 24));
  return `answered in ${milliseconds(request.duration)}${missing.length === 0 ? '' : ` without ${missing.join(', ')}`}`;
}

function toRow(call: Call, scale: Scale, isRunning: boolean, endWithoutDeadline: number | null): Row {
  const ends: number[] = [];
  const bars = call.attempts.map((attempt): Bar => {
    const free = ends.findIndex((end) => end <= attempt.start);
    const line = free === -1 ? ends.length : free;
    ends[line] = attempt.end;
    return toBar(attempt, line, scale, isRunning);
  });
  const deadline = call.budget === null ? null : call.start + call.budget;
  return {
    service: call.service,
    name: truncate(serviceName(call.service), 24),
    state: isRunning ? 'running' : call.state,
    result: isRunning ? `${milliseconds(call.end - call.start)} …` : result(call),
    lines: Math.max(1, ends.length),
    from: scale.position(call.start),
    to: scale.position(call.end),
    bars,
    deadline: deadline === null ? null : scale.position(deadline),
    deadlineLabel: deadline === null ? '' : milliseconds(deadline),
    saved: isRunning || deadline === null || !hasExceededDeadline(call) ? null : toSavedTime(deadline, endWithoutDeadline, scale),
  };
}

/** Without a measured end time, the saved time extends to the end of the axis. */
function toSavedTime(deadline: number, endWithoutDeadline: number | null, scale: Scale): SavedTime {
  if (endWithoutDeadline === null) return { until: 1, label: 'waiting time saved' };
  const end = Math.max(deadline, endWithoutDeadline);
  return { until: scale.position(end), label: `${milliseconds(end - deadline)} saved` };
}

function toBar(attempt: Attempt, line: number, scale: Scale, isRunning: boolean): Bar {
  return {
    line,
    from: scale.position(attempt.start),
    to: scale.position(attempt.end),
    segments: segmentsOf(attempt, scale),
    label: barLabel(attempt),
    isHedge: attempt.kind === 'hedge',
    end: isRunning ? 'running' : endOf(attempt),
  };
}

/** The phases are consecutive from the start. The remaining time is waiting time. */
function segmentsOf(attempt: Attempt, scale: Scale): Segment[] {
  const total = phases.reduce((sum, phase) => sum + attempt.phases[phase], 0);
  const open = Math.max(0, attempt.end - attempt.start - total);
  let at = attempt.start;
  return phases.flatMap((phase): Segment[] => {
    const span = Math.min(attempt.phases[phase] + (phase === 'wait' ? open : 0), attempt.end - at);
    if (span <= 0) return [];
    const from = at;
    at += span;
    return [{ phase, from: scale.position(from), to: scale.position(at), title: `${phase} ${milliseconds(span)}` }];
  });
}

function endOf(attempt: Attempt): Bar['end'] {
  // A status of 504 means that the server cancelled its work at the propagated deadline.
  if (attempt.cancelledBy === 'deadline' || attempt.status === 504) return 'deadline';
  if (attempt.cancelledBy !== null) return 'cancelled';
  if (attempt.status !== null) return attempt.status < 500 && attempt.status !== 429 ? 'done' : 'failed';
  return attempt.outcome === null || ['ok', 'success', 'fresh', 'stale', 'response'].includes(attempt.outcome) ? 'done' : 'failed';
}

function barLabel(attempt: Attempt): string {
  const kind = attempt.kind === 'first' ? [] : [attempt.kind];
  switch (endOf(attempt)) {
    case 'done':
      return kind.join(' ');
    case 'deadline':
      return [...kind, attempt.status === 504 ? 'deadline exceeded (504)' : 'deadline exceeded'].join(', ');
    case 'cancelled':
      return [...kind, 'cancelled'].join(' ');
    default:
      return [...kind, describeFailure(attempt)].join(', ');
  }
}

function describeFailure(attempt: Attempt): string {
  if (attempt.status !== null) return `HTTP ${attempt.status}`;
  return truncate((attempt.outcome ?? 'failed').replaceAll('_', ' '), 40);
}

function result(call: Call): string {
  const elapsed = milliseconds(call.end - call.start);
  if (isAnswered(call.state)) return call.state === 'stale' ? `${elapsed}, stale` : elapsed;
  if (call.state === 'open') return 'not called';
  if (call.state === 'shed') return 'shed';
  return call.state === 'timeout' ? `timed out, ${elapsed}` : `failed, ${elapsed}`;
}

/** Returns the data of the waterfall as text, one row for each attempt. */
export function toTableRows(request: RequestRecord, running: ReadonlySet<string> = new Set()): TableRow[] {
  return request.calls.flatMap((call): TableRow[] => {
    const state = running.has(call.service) ? 'waiting' : call.state;
    const name = truncate(serviceName(call.service), 40);
    const budget = call.budget === null ? '–' : milliseconds(call.budget);
    if (call.attempts.length === 0) {
      return [[name, state, 'none', milliseconds(call.start), '–', '–', '–', '–', '–', milliseconds(call.end), call.reason ?? call.state, budget]];
    }
    return call.attempts.map((attempt) => [
      name,
      state,
      attempt.kind + (attempt.address === null ? '' : ` to ${truncate(attempt.address, 60)}`),
      milliseconds(attempt.start),
      ...phases.map((phase) => (attempt.phases[phase] === 0 ? '–' : milliseconds(attempt.phases[phase]))),
      milliseconds(attempt.end),
      describeOutcome(attempt),
      attempt.deadlineSent === null ? budget : `${budget}, sent ${milliseconds(attempt.deadlineSent)}`,
    ]);
  });
}

function describeOutcome(attempt: Attempt): string {
  if (attempt.cancelledBy !== null) return `cancelled: ${truncate(attempt.cancelledBy.replaceAll('_', ' '), 40)}`;
  return attempt.status === null ? truncate((attempt.outcome ?? '–').replaceAll('_', ' '), 40) : String(attempt.status);
}

/** Returns the text alternative of the waterfall: "time: 412 µs; weather: timed out, 5 s". */
export function describe(request: RequestRecord): string {
  const calls = request.calls.map((call) => {
    const name = truncate(serviceName(call.service), 24);
    const kinds = call.attempts.map((attempt) => attempt.kind).filter((kind) => kind !== 'first');
    const extra = kinds.length === 0 ? '' : `, with ${kinds.join(' and ')}`;
    return `${name}: ${result(call)}${extra}`;
  });
  const deadline = deadlineOf(request);
  return `Calls of one request${deadline === null ? '' : `, deadline ${milliseconds(deadline)}`}. ${calls.join('; ')}.`;
}
