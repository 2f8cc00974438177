// SPDX-License-Identifier: BSL-1.0
import type { PollEvent } from '../model.ts';
import type { Call, RequestRecord } from '../request/request.ts';

/** An aggregate in progress. Times in the milliseconds of the page's clock. */
export interface Poll {
  readonly id: number;
  readonly startedAt: number;
  readonly budgets: ReadonlyMap<string, number>;
  readonly answered: ReadonlyMap<string, { readonly at: number; readonly state: Call['state'] }>;
}

/** The server has at most three aggregates in progress. */
const maxPolls = 4;
/** Shorter requests are shown only after they are complete, because the growth of their bars would be invisible. */
export const growthThresholdMs = 250;
/** Minimum display time of a result before the next request in progress replaces it. */
const resultDisplayMs = 1_500;

export function withPoll(polls: readonly Poll[], event: PollEvent, now: number): readonly Poll[] {
  const started: Poll = { id: event.poll, startedAt: now, budgets: event.budgets, answered: new Map() };
  return [...polls, started].slice(-maxPolls);
}

/**
 * Records a response. A response also ends the calls of earlier polls to the same service, because the server does not
 * publish responses out of order. A poll with responses from all services is no longer in progress.
 */
export function withPart(polls: readonly Poll[], id: number | null, service: string, state: Call['state'], now: number): readonly Poll[] {
  const isAnswered = (poll: Poll): boolean => id !== null && (poll.id === id || (poll.id < id && !poll.answered.has(service)));
  return polls
    .map((poll) => (isAnswered(poll) ? { ...poll, answered: new Map(poll.answered).set(service, { at: now, state }) } : poll))
    .filter((poll) => poll.answered.size < poll.budgets.size);
}

/** The current record of a request in progress, and the services that have not responded. */
export interface RunningRequest {
  readonly request: RequestRecord;
  readonly running: ReadonlySet<string>;
}

/** The oldest poll that has been in progress for at least the threshold; null without such a poll. */
export function runningRequest(polls: readonly Poll[], lastFinishedAt: number, now: number): RunningRequest | null {
  const poll = polls[0];
  if (poll === undefined || now - poll.startedAt < growthThresholdMs || now - lastFinishedAt < resultDisplayMs) return null;
  const answers = [...poll.answered].map(([service, { at, state }]) => [service, { state, elapsed: at - poll.startedAt }] as const);
  return requestInProgress(`poll ${poll.id}`, poll.budgets, new Map(answers), now - poll.startedAt);
}

/** A request in progress after `elapsed` milliseconds, from the timeouts of its calls and the responses so far. */
export function requestInProgress(
  key: string,
  budgets: ReadonlyMap<string, number>,
  answered: ReadonlyMap<string, { readonly state: Call['state']; readonly elapsed: number }>,
  elapsed: number,
): RunningRequest {
  const running = new Set<string>();
  const calls = [...budgets].map(([service, budget]): Call => {
    const answer = answered.get(service);
    if (answer === undefined) running.add(service);
    // A bar does not grow beyond its deadline, because the clocks of the page and of the server differ by the network
    // latency.
    const end = Math.min(answer?.elapsed ?? elapsed, budget);
    const attempt = {
      kind: 'first',
      address: null,
      start: 0,
      end,
      phases: { queued: 0, connect: 0, tls: 0, wait: end, read: 0 },
      outcome: null,
      status: null,
      cancelledBy: answer?.state === 'timeout' ? 'deadline' : null,
      deadlineSent: null,
    } as const;
    return { service, state: answer?.state ?? 'unknown', start: 0, end, budget, reason: null, attempts: [attempt] };
  });
  const request = { key, traceId: null, startedAt: null, duration: elapsed, deadline: null, complete: false, calls };
  return { request, running };
}
