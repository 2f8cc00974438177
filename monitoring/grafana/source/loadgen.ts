// SPDX-License-Identifier: BSL-1.0
/** A run of loadgen with --metrics-port: metrics of the load generator and of the servers. */
import { buildDashboard, dashboardTitles, queryVariable, type Section } from './dashboard.ts';
import { chart, redThreshold, stat, yellowRedThresholds } from './panel.ts';
import { quantile, rate, ratio, series, sumBy, userTraffic } from './promql.ts';

const selectedTargets = 'target=~"$target"';
const targetSeries = (metric: string, ...matchers: string[]) => series(metric, selectedTargets, ...matchers);

/** Outcomes with a response of the server, and successful outcomes. */
const responded = 'outcome=~"[2345]xx|429|503|body_check"';
const successfulOutcomes = 'outcome=~"[23]xx"';

const planned = targetSeries('loadgen_requests_planned_total');
const sent = targetSeries('loadgen_requests_sent_total');
const outcomes = (...matchers: string[]) => targetSeries('loadgen_outcomes_total', ...matchers);

const summary: Section = {
  panels: [
    stat({
      id: 1,
      title: 'Planned Requests',
      description: 'Requests of the last run whose intended start has passed.',
      unit: 'short',
      decimals: 0,
      width: 6,
      noValue: 'no run',
      last: true,
      queries: [{ expr: `sum(${planned})` }],
    }),
    stat({
      id: 2,
      title: 'Sent to Planned Ratio',
      description:
        'Below 100 %, requests wait for a connection or for the load generator. A run with a final ratio below 99 % is INVALID.',
      unit: 'percentunit',
      width: 6,
      thresholds: {
        base: 'red',
        steps: [
          [0.9, 'yellow'],
          [0.99, 'green'],
        ],
      },
      noValue: 'no run',
      last: true,
      queries: [{ expr: ratio(`sum(${sent})`, `sum(${planned})`) }],
    }),
    stat({
      id: 3,
      title: 'Failed Request Ratio',
      description: 'Completed requests without a 2xx or 3xx response in the last run, as a fraction of all completed requests.',
      unit: 'percentunit',
      width: 6,
      thresholds: yellowRedThresholds(0.001, 0.01),
      noValue: 'no run',
      last: true,
      queries: [{ expr: `1 - ${ratio(`sum(${outcomes(successfulOutcomes)})`, `sum(${outcomes()})`)}` }],
    }),
    stat({
      id: 4,
      title: 'Dispatch Lag p99',
      description:
        'p99 delay between the intended start of a request and its dispatch by the generator. Above 1 ms the results may reflect the load generator instead of the servers.',
      unit: 's',
      width: 6,
      thresholds: yellowRedThresholds(0.0005, 0.001),
      noValue: 'no run',
      last: true,
      queries: [{ expr: quantile(0.99, '', 'loadgen_dispatch_lag_seconds_bucket') }],
    }),
  ],
};

const load: Section = {
  title: 'Load and Outcomes',
  id: 100,
  panels: [
    chart({
      id: 101,
      title: 'Planned, Sent and Answered Requests',
      description: 'The three rates are equal while the load generator and the servers keep up.',
      unit: 'reqps',
      width: 12,
      queries: [
        { expr: `sum(${rate(planned)})`, legend: 'planned' },
        { expr: `sum(${rate(sent)})`, legend: 'sent' },
        { expr: `sum(${rate(outcomes(responded))})`, legend: 'answered' },
      ],
    }),
    chart({
      id: 102,
      title: 'Outcomes',
      description:
        'Requests by outcome: status classes (429 and 503 separately) and errors. Outcomes with a rate of zero are omitted.',
      unit: 'reqps',
      width: 12,
      queries: [{ expr: `${sumBy('outcome', rate(outcomes()))} > 0`, legend: '{{outcome}}' }],
    }),
    chart({
      id: 103,
      title: 'Sent Requests by Target',
      description: 'Requests that were completely written to the socket.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: sumBy('target', rate(sent)), legend: '{{target}}' }],
    }),
    chart({
      id: 104,
      title: 'Failed Requests by Target',
      description: 'Requests without a 2xx or 3xx response.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: sumBy('target', rate(outcomes('outcome!~"[23]xx"'))), legend: '{{target}}' }],
    }),
    chart({
      id: 105,
      title: 'Requests in Flight and Waiting',
      description:
        'Number of requests at the end of the last second. Requests wait if all connections are busy: the servers are too slow for the number of --connections.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(loadgen_in_flight_requests)', legend: 'in flight' },
        { expr: 'sum(loadgen_waiting_requests)', legend: 'waiting for a connection' },
      ],
    }),
  ],
};

const responseBuckets = targetSeries('loadgen_response_duration_seconds_bucket');
const serviceBuckets = targetSeries('loadgen_service_duration_seconds_bucket');

const latency: Section = {
  title: 'Latency',
  id: 200,
  panels: [
    chart({
      id: 201,
      title: 'Response Time and Service Time',
      description:
        'Response time: from the intended start of a request, as a client experiences it. Service time: from sending the request. A difference between them means that requests queue.',
      unit: 's',
      width: 12,
      limits: '^service',
      queries: [
        { expr: quantile(0.5, '', responseBuckets), legend: 'response p50' },
        { expr: quantile(0.99, '', responseBuckets), legend: 'response p99' },
        { expr: quantile(0.5, '', serviceBuckets), legend: 'service p50' },
        { expr: quantile(0.99, '', serviceBuckets), legend: 'service p99' },
      ],
    }),
    chart({
      id: 202,
      title: 'Response Time p99 by Target',
      description: 'From the intended start of a request to the end of its response.',
      unit: 's',
      width: 12,
      queries: [{ expr: quantile(0.99, 'target', responseBuckets), legend: '{{target}}' }],
    }),
  ],
};

const generator: Section = {
  title: 'Load Generator',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Dispatch Lag',
      description: 'Delay between the intended start of a request and its dispatch by the generator. Above the line the run may be INVALID.',
      unit: 's',
      width: 6,
      thresholds: redThreshold(0.001),
      queries: [
        { expr: quantile(0.5, '', 'loadgen_dispatch_lag_seconds_bucket'), legend: 'p50' },
        { expr: quantile(0.99, '', 'loadgen_dispatch_lag_seconds_bucket'), legend: 'p99' },
      ],
    }),
    chart({
      id: 302,
      title: 'Busiest Worker CPU',
      description:
        'CPU utilization of the busiest worker in the last second, as a fraction of one core. If it exceeds the line for a whole phase, the run is INVALID: increase --threads.',
      unit: 'percentunit',
      width: 6,
      max: 1,
      thresholds: redThreshold(0.8),
      queries: [{ expr: 'max(loadgen_busiest_worker_cpu_ratio)', legend: 'busiest worker' }],
    }),
    chart({
      id: 303,
      title: 'Connections Opened',
      description:
        'New connections by target. The rate is close to zero after the start of a run, unless responses close connections or --no-keep-alive is set.',
      unit: 'cps',
      width: 6,
      queries: [{ expr: sumBy('target', rate(targetSeries('loadgen_connections_opened_total'))), legend: '{{target}}' }],
    }),
    chart({
      id: 304,
      title: 'Load Generator CPU',
      description: 'CPU cores used by the load generator.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: `sum(${rate('process_cpu_seconds_total{job="loadgen"}')})`, legend: 'cores' }],
    }),
  ],
};

const allServices = 'job=~".+-service"';
const serverSeries = (suffix: string) => series('', `__name__=~".+_service_${suffix}"`, allServices, userTraffic);

const servers: Section = {
  title: 'Server Metrics',
  id: 400,
  panels: [
    chart({
      id: 401,
      title: 'Requests by Service',
      description:
        'Requests counted by the services. The dashboard calls the other three, so these receive more requests than the load generator sends them.',
      unit: 'reqps',
      width: 6,
      queries: [{ expr: sumBy('job', rate(serverSeries('http_requests_total'))), legend: '{{job}}' }],
    }),
    chart({
      id: 402,
      title: 'Server Latency p99',
      description:
        'Measured by the servers, without network and queueing time. If it is far below the response time, requests wait outside the servers.',
      unit: 's',
      width: 6,
      queries: [
        {
          expr: quantile(0.99, 'job', serverSeries('http_request_duration_seconds_bucket')),
          legend: '{{job}}',
          exemplar: true,
        },
      ],
    }),
    chart({
      id: 403,
      title: 'Server CPU',
      description: 'CPU cores used by each service, summed over replicas.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: sumBy('job', rate(series('process_cpu_seconds_total', allServices))), legend: '{{job}}' }],
    }),
    chart({
      id: 404,
      title: 'Server Requests in Flight',
      description: 'Requests in progress at the servers. If the load generator has many more requests in flight, they wait between the generator and the servers.',
      unit: 'short',
      width: 6,
      queries: [{ expr: sumBy('job', series('cohort_server_requests_in_flight', allServices)), legend: '{{job}}' }],
    }),
  ],
};

export const loadgen = buildDashboard({
  uid: 'loadgen',
  title: dashboardTitles.loadgen,
  description:
    'A run of loadgen with --metrics-port: requests sent, their outcomes, and the metrics of the servers.',
  refresh: '5s',
  from: 'now-15m',
  variables: [
    queryVariable({
      name: 'target',
      label: 'Target',
      description: 'Targets of the run.',
      query: 'label_values(loadgen_requests_planned_total, target)',
      allValue: '.+',
    }),
  ],
  alertMatchers: allServices,
  sections: [summary, load, latency, generator, servers],
});
