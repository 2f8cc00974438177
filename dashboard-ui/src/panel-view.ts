// SPDX-License-Identifier: BSL-1.0
import { age, milliseconds, notAvailable, timing } from './format.ts';
import type { PanelState, WeatherReport } from './model.ts';
import { hasFailed, type PanelData } from './page-state.ts';

/**
 * `time` events are sent every second; two may be lost. If no event of any kind arrives within this time, no value is
 * current.
 */
export const timeStaleTimeoutMs = 3_000;
/** The limit after the loss of the stream. The loss is detected immediately, so this time allows a reconnection. */
export const lostTimeoutMs = 1_000;
/** Parts are sent every two seconds, and after at most their timeout of 5 s. */
export const partStaleTimeoutMs = 8_000;

/** The content of a panel in addition to its values. */
export interface PanelView {
  readonly state: PanelState;
  readonly isDimmed: boolean;
  readonly age: string | null;
  /** Time since the values were received; 0 without values. */
  readonly valueAgeMs: number;
  readonly timing: string;
  /** The reason why there is no current value, and the time of the next attempt. */
  readonly explanation: string | null;
}

export interface PanelContext {
  readonly staleTimeoutMs: number;
  /** Time since the last event of any kind. */
  readonly idleMs: number;
  /** The maximum value of `idleMs` for current values. */
  readonly maxIdleMs?: number;
  readonly now: number;
  /** The server's reason for the last failed call. */
  readonly reason?: string | null;
}

const nextCall = 'Next call within 2 s.';

export function toPanelView(panel: PanelData<unknown>, context: PanelContext): PanelView {
  const isLate = panel.receivedAt !== null && context.now - panel.receivedAt > context.staleTimeoutMs;
  const isOutdated = panel.receivedAt !== null && (isLate || context.idleMs > (context.maxIdleMs ?? timeStaleTimeoutMs));
  const state = isOutdated ? outdatedState(panel) : panel.state;
  const isDimmed = isOutdated || hasFailed(state);
  const valueAgeMs = panel.valueAt === null ? 0 : context.now - panel.valueAt;
  return {
    state,
    isDimmed,
    age: isDimmed && panel.valueAt !== null ? age(valueAgeMs) : null,
    valueAgeMs,
    // A call that an open breaker has rejected has no response time.
    timing: panel.state === 'open' ? notAvailable : timing(panel.timing.elapsedMs, panel.timing.deadlineMs),
    explanation: isOutdated ? 'No data from the server.' : explain(state, panel, context),
  };
}

function explain(state: PanelState, panel: PanelData<unknown>, context: PanelContext): string | null {
  const cause = context.reason == null ? '' : ` (${context.reason})`;
  switch (state) {
    case 'fresh':
      return null;
    case 'stale':
      return 'These values are out of date.';
    case 'timeout': {
      const limit = panel.timing.deadlineMs;
      return `Deadline${limit === null ? '' : ` of ${milliseconds(limit)}`} exceeded. ${nextCall}`;
    }
    case 'error':
      return `The call failed${cause}. ${nextCall}`;
    case 'shed':
      return `Rejected because of overload${cause}. ${nextCall}`;
    case 'open':
      return `Breaker open${cause}. ${nextProbe(panel.probeAt, context.now)}`;
    case 'waiting':
      return 'Waiting for data.';
    case 'unknown':
      return 'The server reported an unknown state.';
  }
}

/** Describes the next probe, which is the first call after the open time of the breaker. */
function nextProbe(probeAt: number | null, now: number): string {
  const seconds = probeAt === null ? 0 : Math.ceil((probeAt - now) / 1_000);
  return seconds > 0 ? `Next probe in ${seconds} s.` : 'Next probe within 2 s.';
}

/** State of a panel without recent events. */
function outdatedState(panel: PanelData<unknown>): PanelState {
  return panel.value === null ? 'waiting' : 'stale';
}

export function toWeatherView(panel: PanelData<WeatherReport>, context: PanelContext): PanelView {
  const view = toPanelView(panel, context);
  const isRefreshed = view.state === 'fresh' && panel.value?.stale === true;
  return isRefreshed ? { ...view, explanation: 'The report has expired; a new one is being fetched.' } : view;
}
