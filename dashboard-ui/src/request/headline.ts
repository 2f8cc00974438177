// SPDX-License-Identifier: BSL-1.0
import { milliseconds, pluralize } from '../format.ts';
import type { PanelState } from '../model.ts';
import { isAnswered, type RequestRecord } from './request.ts';
import { serviceName } from '../services.ts';

/** `idle`: no values, or outdated values. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle';

export interface Headline {
  readonly tone: Tone;
  /** "3 of 3 in time · slowest 41 ms of 5 s". */
  readonly text: string;
  /** Title of the window. */
  readonly title: string;
}

export interface HeadlineInput {
  /** The states of the panels, by the names of their services. */
  readonly panels: readonly { readonly name: string; readonly state: PanelState }[];
  /** The latest request. */
  readonly request: RequestRecord | null;
  /** Whether events arrive. */
  readonly isLive: boolean;
  readonly isLocked: boolean;
  /** Whether the display is paused. The states are then those at the start of the pause, and `firingCount` is current. */
  readonly isPaused: boolean;
  readonly firingCount: number;
}

export function toHeadline(input: HeadlineInput): Headline {
  const current = toCurrentHeadline(input);
  if (!input.isPaused || input.isLocked) return current;
  const firing = input.firingCount > 0 ? [`${input.firingCount} firing`] : [];
  return { tone: firing.length > 0 ? 'warn' : 'idle', text: `Paused · ${current.text}`, title: `${['‖ paused', ...firing].join(' · ')} · Cohort` };
}

function toCurrentHeadline(input: HeadlineInput): Headline {
  if (input.isLocked) return { tone: 'idle', text: 'API key required', title: 'API key required · Cohort' };
  const known = input.panels.filter((panel) => panel.state !== 'waiting');
  if (known.length === 0) return { tone: 'idle', text: 'Waiting for the first response', title: 'Cohort dashboard' };
  if (!input.isLive) return { tone: 'idle', text: 'No data from the server: values are out of date', title: '… no data · Cohort' };
  const failed = known.filter((panel) => !isAnswered(panel.state as 'fresh'));
  const stale = known.filter((panel) => panel.state === 'stale');
  const inTimeCount = known.length - failed.length;
  const count = `${inTimeCount} of ${known.length} in time`;
  const details = [...failed, ...stale].map((panel) => `${panel.name} ${stateText[panel.state]}`);
  const tone = failed.length > 0 ? 'bad' : stale.length > 0 || input.firingCount > 0 ? 'warn' : 'good';
  const mark = tone === 'good' ? '✓' : tone === 'warn' ? '!' : '✕';
  const alerts = input.firingCount > 0 ? ` · ${input.firingCount} firing` : '';
  return {
    tone,
    text: [count, ...(details.length > 0 ? details : input.firingCount > 0 ? [`${pluralize(input.firingCount, 'alert')} firing`] : describeSlowestCall(input.request))].join(' · '),
    title: `${mark} ${details.length > 0 ? details.join(', ') : count}${alerts} · Cohort`,
  };
}

const stateText: Record<PanelState, string> = {
  fresh: 'in time',
  stale: 'stale',
  timeout: 'timed out',
  error: 'failed',
  shed: 'overloaded',
  open: 'breaker open',
  waiting: 'waiting',
  unknown: 'state unknown',
};

/** The slowest call with a response, and its timeout. */
function describeSlowestCall(request: RequestRecord | null): string[] {
  const calls = request?.calls.filter((call) => isAnswered(call.state)) ?? [];
  if (calls.length === 0) return [];
  const call = calls.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  const limit = call.budget === null ? '' : ` of ${milliseconds(call.budget)}`;
  return [`slowest ${milliseconds(call.end - call.start)}${limit} (${serviceName(call.service)})`];
}
