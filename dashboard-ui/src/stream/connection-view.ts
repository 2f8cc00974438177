// SPDX-License-Identifier: BSL-1.0
import { duration } from '../format.ts';
import { timeStaleTimeoutMs } from '../panel-view.ts';
import type { Connection } from './stream.ts';

export type ConnectionState = Connection['phase'] | 'stalled';

export interface ConnectionView {
  readonly state: ConnectionState;
  readonly label: string;
}

const labels: Record<Exclude<ConnectionState, 'waiting'>, string> = {
  connecting: 'connecting',
  live: 'live',
  stalled: 'no data',
  checking: 'checking',
  locked: 'API key required',
  paused: 'paused',
};

/**
 * A live connection without events is shown as stalled. `isPaused`: whether the display is paused; then the live state
 * is not shown.
 */
export function toConnectionView(connection: Connection, lastEventAt: number, now: number, isPaused = false): ConnectionView {
  if (connection.phase === 'waiting') {
    const seconds = Math.max(0, connection.retryAt - now) / 1000;
    return { state: 'waiting', label: `reconnecting in ${duration(Math.ceil(seconds))}` };
  }
  const isStalled = connection.phase === 'live' && now - lastEventAt > timeStaleTimeoutMs;
  const state = isStalled ? 'stalled' : isPaused && connection.phase === 'live' ? 'paused' : connection.phase;
  return { state, label: labels[state] };
}

/** The state for the live region; null for transient states. */
export function announcedConnection(state: ConnectionState): string | null {
  switch (state) {
    case 'connecting':
    case 'checking':
    case 'paused':
      return null;
    case 'waiting':
      return 'reconnecting';
    default:
      return labels[state];
  }
}
