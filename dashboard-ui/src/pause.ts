// SPDX-License-Identifier: BSL-1.0
import { withRequests, type PageState } from './page-state.ts';
import type { Requests } from './request/requests.ts';

/**
 * The time of the displayed values, and the age of the stream at this time. Times in milliseconds of the page's clock.
 */
export interface Moment {
  readonly now: number;
  readonly lastEventAt: number;
  /** The time without an event after which no value is current. */
  readonly maxIdleMs: number;
}

/** The state and the time of a pause of the display. */
export interface Pause {
  readonly state: PageState;
  readonly moment: Moment;
}

/** Pauses the display. Removes requests in progress, since they would never end. */
export function pause(state: PageState, moment: Moment): Pause {
  return { state: { ...state, polls: [] }, moment };
}

/** The displayed state of a paused page: the values of the pause with the current alerts, experiment and error. */
export function pausedState(paused: Pause, current: PageState): PageState {
  return { ...paused.state, alerts: current.alerts, experiment: current.experiment, malformed: current.malformed };
}

/**
 * The current state after a user has selected a request in the paused page. The request remains pinned if it is still
 * in the list.
 */
export function withPinnedRequest(current: PageState, requests: Requests): PageState {
  const isKnown = current.requests.list.some((request) => request.key === requests.pinned);
  return withRequests(current, { ...current.requests, pinned: isKnown ? requests.pinned : null });
}
