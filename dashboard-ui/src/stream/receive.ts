// SPDX-License-Identifier: BSL-1.0
import { parseAlertsEvent } from '../alerts/alerts.ts';
import { parseExperimentEvent, withExperiment } from '../request/experiment.ts';
import { parseHistoryEvent } from '../history/history.ts';
import { parseMapEvent, withSample } from '../map/traffic.ts';
import type { EventName } from '../model.ts';
import { withAggregate, withAlerts, withMalformed, withPart, withPoll, withRequests, withTime, type PageState } from '../page-state.ts';
import { parseAggregateEvent, parsePartEvent, parsePollEvent, parseTimeEvent } from '../parse.ts';
import { parseRequestEvent, requestFromAggregate, type RequestRecord } from '../request/request.ts';
import { withRequest } from '../request/requests.ts';

/** When an event was received: on the page's clock, and since the epoch. */
export interface ReceivedAt {
  readonly now: number;
  readonly epochMs: number;
}

/** Prefix of the keys of requests that were derived from aggregates. */
const derivedPrefix = 'aggregate ';

/** The state after an event of the stream. */
export function receive(state: PageState, name: EventName, data: string, at: ReceivedAt): PageState {
  switch (name) {
    case 'time':
      return apply(state, name, parseTimeEvent(data), (event) => withTime(state, event, at.now));
    case 'alerts':
      return apply(state, name, parseAlertsEvent(data), (alerts) => withAlerts(state, alerts, at.now));
    case 'part':
      return apply(state, name, parsePartEvent(data), (event) => withPart(state, event, at.now));
    case 'poll':
      return apply(state, name, parsePollEvent(data), (event) => withPoll(state, event, at.now));
    case 'experiment':
      return apply(state, name, parseExperimentEvent(data, at.now), (experiment) => ({
        ...state,
        malformed: state.malformed === name ? null : state.malformed,
        experiment: withExperiment(state.experiment, experiment, at.now),
      }));
    case 'map':
      return apply(state, name, parseMapEvent(data), (sample) => ({
        ...state,
        malformed: state.malformed === name ? null : state.malformed,
        traffic: withSample(state.traffic, sample),
      }));
    case 'history':
      return apply(state, name, parseHistoryEvent(data), (history) => ({
        ...state,
        malformed: state.malformed === name ? null : state.malformed,
        history,
      }));
    case 'request':
      return apply(state, name, parseRequestEvent(data), (request) => withRecordedRequest(state, request));
    case 'aggregate':
      return apply(state, name, parseAggregateEvent(data), (aggregate) => {
        const next = withAggregate(state, aggregate, at.now);
        if (state.requests.list.some((request) => !request.key.startsWith(derivedPrefix))) return next;
        const derivedRequest = requestFromAggregate(aggregate, `${derivedPrefix}${at.now}`, at.epochMs);
        return derivedRequest.calls.length === 0 ? next : { ...next, requests: withRequest(next.requests, derivedRequest) };
      });
  }
}

/** A recorded request replaces requests that were derived from aggregates, which have no details. */
function withRecordedRequest(state: PageState, request: RequestRecord): PageState {
  const list = state.requests.list.filter((known) => !known.key.startsWith(derivedPrefix));
  return withRequests(state, withRequest({ ...state.requests, list }, request));
}

function apply<T>(state: PageState, name: EventName, event: T | null, change: (event: T) => PageState): PageState {
  return event === null ? withMalformed(state, name) : change(event);
}
