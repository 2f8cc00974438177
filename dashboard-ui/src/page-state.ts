// SPDX-License-Identifier: BSL-1.0
import type { Alerts } from './alerts/alerts.ts';
import type { ReceivedExperiment } from './request/experiment.ts';
import { withPart as addPartToPoll, withPoll as addPoll, type Poll } from './stream/polls.ts';
import type { HistoryUpdate } from './history/history.ts';
import type { Traffic } from './map/traffic.ts';
import { emptyRequests, type Requests } from './request/requests.ts';
import { services } from './services.ts';
import type {
  Aggregate,
  EventName,
  PanelState,
  Part,
  PartEvent,
  PollEvent,
  SystemInfo,
  TimeEvent,
  TimeReading,
  Timing,
  WeatherReport,
} from './model.ts';

/** Data of one panel. */
export interface PanelData<T> {
  readonly state: PanelState;
  readonly timing: Timing;
  /** The last valid value; kept when the part fails. */
  readonly value: T | null;
  readonly valueAt: number | null;
  /** Time of the last event about this part, whether it succeeded or failed. */
  readonly receivedAt: number | null;
  /** Time of the next probe of an open circuit breaker; null if the breaker is closed or the time is unknown. */
  readonly probeAt: number | null;
}

/** The last `alerts` event. The server sends an event only after a change. */
export interface ReceivedAlerts {
  readonly value: Alerts | null;
  readonly receivedAt: number;
}

/** All data of the page. Immutable: an event produces a new state. */
export interface PageState {
  readonly time: PanelData<TimeReading>;
  readonly system: PanelData<SystemInfo>;
  readonly weather: PanelData<WeatherReport>;
  readonly alerts: ReceivedAlerts;
  readonly requests: Requests;
  /** The last part of the history that was received. */
  readonly history: HistoryUpdate | null;
  /** The experiment of the server; null if the server does not support experiments. */
  readonly experiment: ReceivedExperiment | null;
  /** The latest totals of the calls between services. */
  readonly traffic: Traffic;
  /** Aggregates in progress, oldest first. */
  readonly polls: readonly Poll[];
  /** Whether this stream sends parts, which are more recent than their aggregate. */
  readonly hasParts: boolean;
  /** Name of the last malformed event; null after the next valid event of that name. */
  readonly malformed: EventName | null;
}

const emptyPanel = {
  state: 'waiting',
  timing: { elapsedMs: null, deadlineMs: null },
  value: null,
  valueAt: null,
  receivedAt: null,
  probeAt: null,
} as const;

export const initialState: PageState = {
  time: emptyPanel,
  system: emptyPanel,
  weather: emptyPanel,
  alerts: { value: null, receivedAt: 0 },
  requests: emptyRequests,
  history: null,
  experiment: null,
  traffic: [],
  polls: [],
  hasParts: false,
  malformed: null,
};

export function hasFailed(state: PanelState): boolean {
  return state === 'timeout' || state === 'error' || state === 'shed' || state === 'open';
}

export function withTime(state: PageState, event: TimeEvent, now: number): PageState {
  const time = state.time;
  return {
    ...state,
    malformed: state.malformed === 'time' ? null : state.malformed,
    time:
      'reading' in event
        ? { ...time, state: 'fresh', value: event.reading, valueAt: now, receivedAt: now }
        : // The state from an aggregate is more specific.
          { ...time, state: hasFailed(time.state) ? time.state : 'error', receivedAt: now },
  };
}

export function withAggregate(state: PageState, aggregate: Aggregate, now: number): PageState {
  const malformed = state.malformed === 'aggregate' ? null : state.malformed;
  if (state.hasParts) return { ...state, malformed };
  return {
    ...state,
    malformed,
    time: mergeTime(state.time, aggregate.time, now),
    system: merge(state.system, aggregate.system, now),
    weather: merge(state.weather, aggregate.weather, now),
  };
}

/** Replaces the data of one panel. */
export function withPart(state: PageState, event: PartEvent, now: number): PageState {
  const key = services.find((service) => service.panel === event.panel)?.key ?? '';
  const next = {
    ...state,
    malformed: state.malformed === 'part' ? null : state.malformed,
    hasParts: true,
    polls: addPartToPoll(state.polls, event.poll, key, event.part.state, now),
  };
  switch (event.panel) {
    case 'time':
      return { ...next, time: mergeTime(state.time, event.part, now) };
    case 'system':
      return { ...next, system: merge(state.system, event.part, now) };
    case 'weather':
      return { ...next, weather: merge(state.weather, event.part, now) };
  }
}

export function withPoll(state: PageState, event: PollEvent, now: number): PageState {
  return { ...state, malformed: state.malformed === 'poll' ? null : state.malformed, polls: addPoll(state.polls, event, now) };
}

export function withRequests(state: PageState, requests: Requests): PageState {
  return { ...state, malformed: state.malformed === 'request' ? null : state.malformed, requests };
}

export function withAlerts(state: PageState, value: Alerts, now: number): PageState {
  const malformed = state.malformed === 'alerts' ? null : state.malformed;
  return { ...state, malformed, alerts: { value, receivedAt: now } };
}

export function withMalformed(state: PageState, name: EventName): PageState {
  return { ...state, malformed: name };
}

function merge<T>(panel: PanelData<T>, part: Part<T>, now: number): PanelData<T> {
  const update = { state: part.state, timing: part.timing, receivedAt: now, probeAt: probeAt(part, now) };
  return part.value === null ? { ...panel, ...update } : { ...update, value: part.value, valueAt: now };
}

/**
 * The server sends `time` events five times as often as aggregates. After the first `time` event, an aggregate can only
 * add a failure: it neither replaces the time nor clears a failure from a `time` event.
 */
function mergeTime(panel: PanelData<TimeReading>, part: Part<TimeReading>, now: number): PanelData<TimeReading> {
  if (panel.receivedAt === null) return merge(panel, part, now);
  const state = hasFailed(panel.state) && !hasFailed(part.state) ? panel.state : part.state;
  return { ...panel, state, timing: part.timing, probeAt: probeAt(part, now) };
}

function probeAt(part: Part<unknown>, now: number): number | null {
  return part.probeInMs === null ? null : now + part.probeInMs;
}
