// SPDX-License-Identifier: BSL-1.0
import { age, timing } from './format.ts';
import type { PanelState, WeatherReport } from './model.ts';
import { hasFailed, type PanelData } from './page-state.ts';

/** `time` events are sent every second; two may be lost. */
export const timeStaleAfterMs = 3_000;
/** `aggregate` events are sent every five seconds; two may be late or lost. */
export const aggregateStaleAfterMs = 12_000;

/** The content of a panel besides its values. */
export interface PanelView {
  readonly state: PanelState;
  readonly dimmed: boolean;
  readonly age: string | null;
  readonly timing: string;
  readonly explanation: string | null;
}

const explanations: Record<PanelState, string | null> = {
  fresh: null,
  stale: 'These values are stale.',
  timeout: 'The service did not respond within its timeout.',
  error: 'The service is temporarily unavailable.',
  shed: 'The call was rejected because of overload.',
  open: 'The circuit breaker is open after repeated failures.',
  waiting: 'Waiting for data.',
  unknown: 'The server reported an unknown state.',
};

export function viewPanel(panel: PanelData<unknown>, staleAfterMs: number, now: number): PanelView {
  const isSilent = panel.receivedAt !== null && now - panel.receivedAt > staleAfterMs;
  const state = isSilent ? outdated(panel) : panel.state;
  const dimmed = isSilent || hasFailed(state);
  return {
    state,
    dimmed,
    age: dimmed && panel.valueAt !== null ? age(now - panel.valueAt) : null,
    timing: timing(panel.timing.elapsedMs, panel.timing.deadlineMs),
    explanation: isSilent ? 'No data from the server.' : explanations[state],
  };
}

/** State of a panel without recent events. */
function outdated(panel: PanelData<unknown>): PanelState {
  return panel.value === null ? 'waiting' : 'stale';
}

/** A sample report is marked in every state. */
export function viewWeather(panel: PanelData<WeatherReport>, now: number): PanelView {
  const view = viewPanel(panel, aggregateStaleAfterMs, now);
  if (panel.value?.sample !== true) return view;
  const note = 'Built-in sample data, not a measurement.';
  return { ...view, explanation: view.explanation === null ? note : `${view.explanation} ${note}` };
}
