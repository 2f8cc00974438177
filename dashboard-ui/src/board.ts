import type { Alerts } from './alerts.ts';
import type {
  Aggregate,
  EventName,
  PanelState,
  Part,
  SystemInfo,
  TimeEvent,
  TimeReading,
  Timing,
  WeatherReport,
} from './model.ts';

/** What the page knows of one part. */
export interface Panel<T> {
  readonly state: PanelState;
  readonly timing: Timing;
  /** The last good value, kept when the part fails. */
  readonly value: T | null;
  readonly valueAt: number | null;
  /** When an event last spoke of this part, good or bad. */
  readonly heardAt: number | null;
}

/** The last word on the alerts, and when it came: it is not repeated while nothing changes. */
export interface HeardAlerts {
  readonly value: Alerts | null;
  readonly heardAt: number;
}

/** All that the page knows; changed only by replacing it. */
export interface Board {
  readonly time: Panel<TimeReading>;
  readonly system: Panel<SystemInfo>;
  readonly weather: Panel<WeatherReport>;
  readonly alerts: HeardAlerts;
  /** The kind of the last malformed event, until a good one of that kind comes. */
  readonly malformed: EventName | null;
}

const blank = {
  state: 'waiting',
  timing: { elapsedMs: null, deadlineMs: null },
  value: null,
  valueAt: null,
  heardAt: null,
} as const;

export const emptyBoard: Board = {
  time: blank,
  system: blank,
  weather: blank,
  alerts: { value: null, heardAt: 0 },
  malformed: null,
};

export function hasFailed(state: PanelState): boolean {
  return state === 'timeout' || state === 'error' || state === 'shed' || state === 'open';
}

export function withTime(board: Board, event: TimeEvent, now: number): Board {
  const time = board.time;
  return {
    ...board,
    malformed: board.malformed === 'time' ? null : board.malformed,
    time:
      'reading' in event
        ? { ...time, state: 'fresh', value: event.reading, valueAt: now, heardAt: now }
        : // An aggregate may have said more exactly how it failed.
          { ...time, state: hasFailed(time.state) ? time.state : 'error', heardAt: now },
  };
}

export function withAggregate(board: Board, aggregate: Aggregate, now: number): Board {
  return {
    ...board,
    malformed: board.malformed === 'aggregate' ? null : board.malformed,
    time: mergeTime(board.time, aggregate.time, now),
    system: merge(board.system, aggregate.system, now),
    weather: merge(board.weather, aggregate.weather, now),
  };
}

export function withAlerts(board: Board, value: Alerts, now: number): Board {
  const malformed = board.malformed === 'alerts' ? null : board.malformed;
  return { ...board, malformed, alerts: { value, heardAt: now } };
}

export function withMalformed(board: Board, kind: EventName): Board {
  return { ...board, malformed: kind };
}

function merge<T>(panel: Panel<T>, part: Part<T>, now: number): Panel<T> {
  const heard = { state: part.state, timing: part.timing, heardAt: now };
  return part.value === null ? { ...panel, ...heard } : { ...heard, value: part.value, valueAt: now };
}

/**
 * The `time` events come five times as often: an aggregate may bring bad news, but it neither hides theirs nor stands in for
 * them.
 */
function mergeTime(panel: Panel<TimeReading>, part: Part<TimeReading>, now: number): Panel<TimeReading> {
  if (panel.heardAt === null) return merge(panel, part, now);
  const state = hasFailed(panel.state) && !hasFailed(part.state) ? panel.state : part.state;
  return { ...panel, state, timing: part.timing };
}
