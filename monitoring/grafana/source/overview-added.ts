// SPDX-License-Identifier: BSL-1.0
/** Overview rows of the services that `./dev new-service` has created. */
import type { Section } from './dashboard.ts';
import { chart, redThreshold } from './panel.ts';
import { rate, series, sumBy, userTraffic } from './promql.ts';

/** The names of the services, without the suffix `-service`. */
const names: string[] = [
  // new-service adds a name above this line
];

export const addedServices: Section[] = names.map((name, index) => {
  const id = 1000 + 10 * index;
  const job = `job="${name}-service"`;
  const requests = (...matchers: string[]) =>
    series('', '__name__=~".+_service_http_requests_total"', job, userTraffic, ...matchers);
  return {
    title: `Service: ${name}`,
    id,
    panels: [
      chart({
        id: id + 1,
        title: `${name}: Requests by Status`,
        description: 'User requests of all routes, by status.',
        unit: 'reqps',
        width: 8,
        queries: [{ expr: sumBy('status', rate(requests())), legend: '{{status}}' }],
      }),
      chart({
        id: id + 2,
        title: `${name}: Latency`,
        description: '50 %, 95 % and 99 % of the user requests completed within this time.',
        unit: 's',
        width: 8,
        queries: [{ expr: `job_quantile:http_request_duration_seconds:rate1m{${job}}`, legend: 'p{{quantile}}' }],
      }),
      chart({
        id: id + 3,
        title: `${name}: Loop Lag p99`,
        description: 'p99 timer lag of the event loops: requests are delayed by this time. EventLoopBlocked fires above the line.',
        unit: 's',
        width: 8,
        thresholds: redThreshold(0.1),
        queries: [
          {
            expr: `histogram_quantile(0.99, ${sumBy('instance, le', rate(series('cohort_loop_lag_seconds_bucket', job)))}) >= 0`,
            legend: '{{instance}}',
          },
        ],
      }),
    ],
  };
});
