// SPDX-License-Identifier: BSL-1.0
/** Overview rows about upstreams, the policies that protect calls and services, and the weather cache. */
import type { Section } from './dashboard.ts';
import { chart, redThreshold, timeline } from './panel.ts';
import { selectedServices, quantile, rate, ratio, requestRate, series, sumBy } from './promql.ts';

const perSecond = (labels: string, metric: string, ...matchers: string[]) =>
  sumBy(labels, rate(series(metric, selectedServices, ...matchers)));
const breakers = (state: string) =>
  `(max by (job, upstream) (cohort_client_breaker_state{${selectedServices}, state="${state}"}) > bool 0)`;

export const upstreams: Section = {
  title: 'Upstreams and Policies',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Calls by Outcome',
      description:
        'Upstream calls by outcome after all retries. "open": rejected by the circuit breaker. Outcomes with a rate of zero are omitted.',
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
        'Attempts per call, including retries and hedges; 1 means none. Shows the load that retries add to a failing upstream.',
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
      description: '99 % of the calls completed within this time, including retries.',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: quantile(0.99, 'job, upstream', series('cohort_client_request_duration_seconds_bucket', selectedServices)),
          legend: '{{job}} to {{upstream}}',
        },
      ],
    }),
    timeline({
      id: 304,
      title: 'Circuit Breakers',
      description:
        'The worst state over the event loops of a service. Open: calls are rejected without being sent. Half-open: a probe is in progress. CircuitBreakerOpen covers both.',
      unit: 'none',
      width: 12,
      states: [
        [0, 'closed', 'green'],
        [1, 'half-open', 'yellow'],
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
        'Failed attempts. "again": retried. Other values are the reason for not retrying: method not safe to retry, maximum attempts, deadline, retry budget. RetryBudgetExhausted uses "budget". "stale connection": resent without a retry, because the upstream had closed the idle connection.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('upstream, verdict', 'cohort_client_retries_total'), legend: '{{upstream}} {{verdict}}' },
        { expr: perSecond('upstream', 'cohort_client_stale_connections_total'), legend: '{{upstream}} stale connection' },
      ],
    }),
    chart({
      id: 306,
      title: 'Hedges',
      description: 'Hedged requests: sent, won (responded first), or not sent because the budget was exhausted.',
      unit: 'ops',
      width: 8,
      queries: [
        { expr: perSecond('upstream, result', 'cohort_client_hedges_total'), legend: '{{upstream}} {{result}}' },
      ],
    }),
    chart({
      id: 307,
      title: 'Upstream Addresses',
      description: 'Known addresses of each upstream, and the number of them that are ejected as outliers.',
      unit: 'none',
      width: 8,
      queries: [
        {
          expr: `max by (job, upstream, state) (cohort_client_addresses{${selectedServices}})`,
          legend: '{{job}} to {{upstream}}: {{state}}',
        },
      ],
    }),
    chart({
      id: 308,
      title: 'Outlier Ejections',
      description: 'Rate of addresses that were ejected as outliers because of consecutive failures.',
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
        'Requests rejected with 503 because of overload. LoadShedding fires above ten requests in five minutes.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: perSecond('job, endpoint', 'cohort_server_shed_total'), legend: '{{job}} {{endpoint}}' }],
    }),
    chart({
      id: 310,
      title: 'Infeasible Requests',
      description: 'Requests whose remaining time was shorter than the median latency of their route: rejected, or only counted.',
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
      title: 'Deadlines Exceeded and Client Disconnects',
      description:
        'Requests that exceeded their deadline, and requests whose client disconnected before the response. The alert DeadlinesExceeded uses the requests that exceeded their deadline.',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: perSecond('job', 'cohort_server_deadline_exceeded_total'), legend: '{{job}} deadline exceeded' },
        { expr: perSecond('job', 'cohort_server_requests_abandoned_total'), legend: '{{job}} client disconnected' },
      ],
    }),
    chart({
      id: 312,
      title: 'Authentication Failures',
      description:
        'Requests without a valid API key, by reason. Requires API_KEY. HighAuthFailures fires above the line.',
      unit: 'reqps',
      width: 12,
      thresholds: redThreshold(0.5),
      queries: [
        {
          expr: sumBy('job, reason', rate(`{__name__=~".+_service_auth_failures_total", ${selectedServices}}`)),
          legend: '{{job}} {{reason}}',
        },
      ],
    }),
    chart({
      id: 313,
      title: 'Rate-Limited Requests',
      description: 'Requests rejected with 429, because of RATE_LIMIT or AUTH_FAILURE_LIMIT. ClientsRateLimited fires above the line.',
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
/** Stale responses also count as a hit ("revalidate") or as a miss ("error"). */
const stale = (...reason: string[]) => sumBy('job', rate(series('weather_service_cache_stale_total', ...reason)));

export const cache: Section = {
  title: 'Weather: Cache and Providers',
  id: 400,
  panels: [
    chart({
      id: 401,
      title: 'Stale Responses by Reason',
      description:
        'Expired cache entries that were served: "revalidate": during a refresh; "error": all providers failed.',
      unit: 'ops',
      width: 8,
      queries: [{ expr: sumBy('reason', rate('weather_service_cache_stale_total')), legend: '{{reason}}' }],
    }),
    chart({
      id: 402,
      title: 'Provider Requests by Outcome',
      description: 'Requests to weather providers. The second provider is the fallback.',
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
      title: 'Cache Lookups by Result',
      description:
        'Cache lookups by result, as a fraction of all lookups: a fresh entry, an expired entry, or no entry. Without an entry, the request waits for a provider.',
      unit: 'percentunit',
      width: 8,
      max: 1,
      stacked: true,
      queries: [
        { expr: ratio(`(${hits} - ${stale('reason="revalidate"')})`, lookups), legend: 'fresh' },
        { expr: ratio(stale(), lookups), legend: 'expired' },
        { expr: ratio(`(${misses} - ${stale('reason="error"')})`, lookups), legend: 'provider' },
      ],
    }),
  ],
};
