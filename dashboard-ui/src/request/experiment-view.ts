// SPDX-License-Identifier: BSL-1.0
import type { Experiment, Measurement } from './experiment.ts';
import { milliseconds, pluralize, truncate } from '../format.ts';
import { requestInProgress } from '../stream/polls.ts';
import { isAnswered, type RequestRecord } from './request.ts';
import { linear } from './scale.ts';
import { serviceName, services } from '../services.ts';
import { describe, toWaterfallView, type WaterfallView } from './waterfall-view.ts';

export interface MeasurementView {
  readonly waterfall: WaterfallView;
  readonly description: string;
  /** "answered in 2 s without weather". */
  readonly summary: string;
  readonly isDone: boolean;
}

export interface ExperimentView {
  readonly isRunning: boolean;
  /** Text below the controls. */
  readonly status: string;
  readonly tone: 'idle' | 'good' | 'bad';
  /** The measurement with the deadline and the measurement without it; empty before the first experiment. */
  readonly measurements: readonly MeasurementView[];
  /** The end of the shared axis, in milliseconds. */
  readonly end: number;
}

/** The length of the axis divided by that of the longest bar, to leave space for the labels. */
const axisLengthFactor = 1.12;

export function toExperimentView(experiment: Experiment, now: number): ExperimentView {
  const isRunning = experiment.phase === 'running';
  const requests = experiment.measurements.map((measured) => toRequest(measured, now - experiment.startedAt));
  const { latencyMs, deadlineMs } = experiment.settings;
  // Both waterfalls have the same axis. While the bars grow, the axis changes only if a bar exceeds the delay and the
  // deadline.
  const end = Math.max(latencyMs, deadlineMs, 1, ...requests.map(({ request }) => request.duration)) * axisLengthFactor;
  return {
    isRunning,
    end,
    status: status(experiment),
    tone: experiment.phase === 'failed' ? 'bad' : experiment.phase === 'done' && experiment.message === null ? 'good' : 'idle',
    measurements: requests.map(({ request, running }, index) => {
      // The maximum timeout is not drawn, because it is longer than the axis.
      const shown = index === 0 ? request : withoutDeadline(request);
      const ends = index === 0 ? endTimes(requests[1]?.request) : new Map<string, number>();
      const waterfall = toWaterfallView(shown, null, running, linear(end), ends);
      return { waterfall, description: describe(shown), summary: waterfall.summary, isDone: experiment.measurements[index]?.request != null };
    }),
  };
}

function toRequest(measured: Measurement, elapsed: number): { request: RequestRecord; running: ReadonlySet<string> } {
  if (measured.request !== null) return { request: measured.request, running: new Set() };
  const budgets = new Map(services.map(({ key }) => [key as string, measured.deadline]));
  return requestInProgress('experiment', budgets, measured.arrivals, Math.min(elapsed, measured.deadline));
}

/** The end times of the calls, by service; for a running call, the current time. */
function endTimes(request: RequestRecord | undefined): ReadonlyMap<string, number> {
  return new Map(request?.calls.map((call) => [call.service, call.end]));
}

function withoutDeadline(request: RequestRecord): RequestRecord {
  return { ...request, deadline: null, calls: request.calls.map((call) => ({ ...call, budget: null })) };
}

function status(experiment: Experiment): string {
  const message = experiment.message === null ? '' : truncate(experiment.message, 200);
  switch (experiment.phase) {
    case 'idle':
      return 'Injects this fault into the weather service, and measures one request with the deadline and one without it.';
    case 'running':
      return 'Measuring both requests concurrently.';
    case 'failed':
      return message === '' ? 'The experiment failed.' : message;
    case 'done':
      return [describeConclusion(experiment), message].filter((part) => part !== '').join(' ');
  }
}

/** The effect of the deadline: "The deadline saved 1 s: 2 of 3 parts after 2 s, instead of 3 of 3 after 3 s." */
export function describeConclusion(experiment: Experiment): string {
  const [limitedRequest, unlimitedRequest] = experiment.measurements.map((measured) => measured.request);
  if (limitedRequest == null || unlimitedRequest == null) return '';
  const result = (request: RequestRecord) => {
    const answered = request.calls.filter((call) => isAnswered(call.state)).length;
    return `${answered} of ${pluralize(request.calls.length, 'part')} after ${milliseconds(request.duration)}`;
  };
  const saved = unlimitedRequest.duration - limitedRequest.duration;
  const missing = limitedRequest.calls.filter((call) => call.state === 'timeout').map((call) => serviceName(call.service));
  if (missing.length === 0) return `No call exceeded its deadline: ${result(limitedRequest)} with the deadline, ${result(unlimitedRequest)} without it.`;
  return `The deadline saved ${milliseconds(Math.max(0, saved))}: ${result(limitedRequest)}, instead of ${result(unlimitedRequest)}.`;
}
