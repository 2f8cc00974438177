/** Rows of the overview about whom the services call, and how they defend themselves. */
import type { Section } from './board.ts';
import { chart, redFrom, timeline } from './panel.ts';
import { chosen, quantile, rate, ratio, requestRate, series, sumBy } from './promql.ts';

const perSecond = (labels: string, metric: string, ...matchers: string[]) =>
  sumBy(labels, rate(series(metric, chosen, ...matchers)));
const breakers = (state: string) =>
  `(max by (job, upstream) (cohort_client_breaker_state{${chosen}, state="${state}"}) > bool 0)`;

export const upstreams: Section = {
  title: 'Upstreams and Policies',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Calls by Outcome',
      description:
        'Calls to upstreams as they ended after all retries. "open": refused by the circuit breaker. Outcomes that did not happen are left out.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `${perSecond('job, upstream, outcome', 'cohort_client_requests_total')} > 0`,
          legend: '{{upstream}} {{outcome}}',
        },
      ],
    }),
    chart({
      id: 302,
      title: 'Attempts per Call',
      description:
        'Retries and hedges included: 1 is none of them. How much load we add to an upstream that is in trouble.',
      unit: 'none',
      decimals: 2,
      width: 8,
      queries: [
        {
          expr: ratio(
            perSecond('job, upstream', 'cohort_client_attempts_total'),
            perSecond('job, upstream', 'cohort_client_requests_total'),
          ),
          legend: '{{job}} to {{upstream}}',
        },
      ],
    }),
    chart({
      id: 303,
      title: 'Upstream Latency p99',
      description: 'Of a hundred calls, 99 had ended within this, with their retries.',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: quantile(0.99, 'job, upstream', series('cohort_client_request_duration_seconds_bucket', chosen)),
          legend: '{{job}} to {{upstream}}',
        },
      ],
    }),
    timeline({
      id: 304,
      title: 'Circuit Breakers',
      description:
        "The worst of a service's event loops. Open: calls fail at once, without being sent. Half open: a few go through to try. CircuitBreakerOpen watches both.",
      unit: 'none',
      width: 12,
      states: [
        [0, 'closed', 'green'],
        [1, 'half open', 'yellow'],
        [2, 'open', 'red'],
      ],
      queries: [
        { expr: `clamp_max(2 * ${breakers('open')} + ${breakers('half_open')}, 2)`, legend: '{{job}} to {{upstream}}' },
      ],
    }),
    chart({
      id: 305,
      title: 'Retries by Verdict',
      description:
        'Failed attempts. "again": tried again; else why not: the method is not safe to repeat, no attempts, time or budget left. "budget" is what RetryBudgetExhausted watches.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('upstream, verdict', 'cohort_client_retries_total'), legend: '{{upstream}} {{verdict}}' },
      ],
    }),
    chart({
      id: 306,
      title: 'Hedges',
      description: 'Second requests beside a slow first one: sent, won (came first), or not sent for want of budget.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: perSecond('upstream, result', 'cohort_client_hedges_total'), legend: '{{upstream}} {{result}}' },
      ],
    }),
    chart({
      id: 307,
      title: 'Addresses of Upstreams',
      description: 'How many addresses are known, and how many of them are left out for failing again and again.',
      unit: 'none',
      width: 8,
      queries: [
        {
          expr: `max by (job, upstream, state) (cohort_client_addresses{${chosen}})`,
          legend: '{{job}} to {{upstream}}: {{state}}',
        },
      ],
    }),
    chart({
      id: 308,
      title: 'Ejections',
      description: 'Addresses that were newly left out for failing again and again.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: perSecond('job, upstream', 'cohort_client_ejections_total'), legend: '{{job}} to {{upstream}}' },
      ],
    }),
    chart({
      id: 309,
      title: 'Shed Requests',
      description:
        'Requests turned away since too many were under way (503). More than ten in five minutes are LoadShedding.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: perSecond('job, endpoint', 'cohort_server_shed_total'), legend: '{{job}} {{endpoint}}' }],
    }),
    chart({
      id: 310,
      title: 'Hopeless Requests',
      description: 'Requests that came with less time left than their route usually takes: refused, or only observed.',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          expr: perSecond('job, endpoint, action', 'cohort_server_hopeless_requests_total'),
          legend: '{{job}} {{endpoint}} {{action}}',
        },
      ],
    }),
    chart({
      id: 311,
      title: 'Deadlines Exceeded and Clients Gone',
      description:
        'Requests that ran out of their time here, and those whose client left before the answer. DeadlinesExceeded watches the first.',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: perSecond('job', 'cohort_server_deadline_exceeded_total'), legend: '{{job}} out of time' },
        { expr: perSecond('job', 'cohort_server_requests_abandoned_total'), legend: '{{job}} client gone' },
      ],
    }),
    chart({
      id: 312,
      title: 'Requests without a Good Key',
      description:
        'Refused with 401, by what was wrong. Only where API_KEY is set. HighAuthFailures begins at the line.',
      unit: 'reqps',
      width: 12,
      thresholds: redFrom(0.5),
      queries: [
        {
          expr: sumBy('job, reason', rate(`{__name__=~".+_service_auth_failures_total", ${chosen}}`)),
          legend: '{{job}} {{reason}}',
        },
      ],
    }),
    chart({
      id: 313,
      title: 'Requests above a Rate Limit',
      description: 'Answered with 429. Only where RATE_LIMIT is set. ClientsRateLimited begins at the line.',
      unit: 'reqps',
      width: 12,
      thresholds: { base: 'green', steps: [[1, 'blue']] },
      queries: [{ expr: requestRate('job', 'status="429"'), legend: '{{job}}' }],
    }),
  ],
};

const hits = sumBy('job', rate('weather_service_cache_hits_total'));
const misses = sumBy('job', rate('weather_service_cache_misses_total'));
const lookups = `(${hits} + ${misses})`;
/** Counted as a hit ("revalidate") or as a miss ("error") as well. */
const stale = (...reason: string[]) => sumBy('job', rate(series('weather_service_cache_stale_total', ...reason)));

export const cache: Section = {
  title: 'Weather: Cache and Providers',
  id: 400,
  panels: [
    chart({
      id: 401,
      title: 'Stale Answers by Reason',
      description:
        'Expired entries that were served: "revalidate" while a new one is fetched, "error" since no provider answered.',
      unit: 'ops',
      width: 8,
      queries: [{ expr: sumBy('reason', rate('weather_service_cache_stale_total')), legend: '{{reason}}' }],
    }),
    chart({
      id: 402,
      title: 'Providers by Outcome',
      description: 'Requests to weather providers. The second is asked when the first is down.',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: sumBy('provider, outcome', rate('weather_service_provider_requests_total')),
          legend: '{{provider}} {{outcome}}',
        },
      ],
    }),
    chart({
      id: 403,
      title: 'How Look-ups Ended',
      description:
        'Shares of look-ups: a fresh entry of the cache, an expired one, or none, so that a provider had to be waited for.',
      unit: 'percentunit',
      width: 8,
      max: 1,
      stacked: true,
      queries: [
        { expr: ratio(`(${hits} - ${stale('reason="revalidate"')})`, lookups), legend: 'fresh' },
        { expr: ratio(stale(), lookups), legend: 'expired' },
        { expr: ratio(`(${misses} - ${stale('reason="error"')})`, lookups), legend: 'needed a provider' },
      ],
    }),
  ],
};
