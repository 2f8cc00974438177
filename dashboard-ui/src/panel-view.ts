import { hasFailed, type Panel } from './board.ts';
import { age, timing } from './format.ts';
import type { PanelState } from './model.ts';

/** The `time` events come every second: two may be lost before the clock counts as stale. */
export const timeStaleAfterMs = 3_000;
/** The `aggregate` events come every five seconds: likewise two, and some for a slow upstream. */
export const aggregateStaleAfterMs = 12_000;

/** What a panel shows around its values. */
export interface PanelView {
  readonly state: PanelState;
  readonly dimmed: boolean;
  readonly age: string | null;
  readonly timing: string;
  readonly explanation: string | null;
}

const explanations: Record<PanelState, string | null> = {
  fresh: null,
  stale: 'These values are old.',
  timeout: 'The service did not answer within its deadline.',
  error: 'The service is temporarily unavailable.',
  shed: 'The service was not asked, to shed load.',
  open: 'The service failed too often and is not asked for a while.',
  waiting: 'Waiting for the first values.',
  unknown: 'The server reported a state that this page does not know.',
};

export function viewPanel(panel: Panel<unknown>, staleAfterMs: number, now: number): PanelView {
  const silent = panel.heardAt !== null && now - panel.heardAt > staleAfterMs;
  const state = silent ? outdated(panel) : panel.state;
  const dimmed = silent || hasFailed(state);
  return {
    state,
    dimmed,
    age: dimmed && panel.valueAt !== null ? age(now - panel.valueAt) : null,
    timing: timing(panel.timing.elapsedMs, panel.timing.deadlineMs),
    explanation: silent ? 'No news from the server.' : explanations[state],
  };
}

function outdated(panel: Panel<unknown>): PanelState {
  return panel.value === null ? 'waiting' : 'stale';
}
