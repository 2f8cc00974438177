/** A run of loadgen with --metrics-port, as it sees it and as the servers do. */
import { board, boardTitles, variable, type Section } from './board.ts';
import { chart, redFrom, stat, warnAt } from './panel.ts';
import { quantile, rate, ratio, series, sumBy, users } from './promql.ts';

const targets = 'target=~"$target"';
const of = (metric: string, ...matchers: string[]) => series(metric, targets, ...matchers);

/** Outcomes that are an answer of the server's, and those that are a good one. */
const answers = 'outcome=~"[2345]xx|429|503|body_check"';
const good = 'outcome=~"[23]xx"';

const planned = of('loadgen_requests_planned_total');
const sent = of('loadgen_requests_sent_total');
const outcomes = (...matchers: string[]) => of('loadgen_outcomes_total', ...matchers);

const figures: Section = {
  panels: [
    stat({
      id: 1,
      title: 'Planned Requests',
      description: 'Requests of the last run whose time to start has come.',
      unit: 'short',
      decimals: 0,
      width: 6,
      noValue: 'no run',
      last: true,
      queries: [{ expr: `sum(${planned})` }],
    }),
    stat({
      id: 2,
      title: 'Sent of Planned',
      description:
        'Below 100 % requests wait for a connection, or for the generator itself. Below 99 % at the end of a plan makes the run INVALID.',
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
      title: 'Failed',
      description: "Share of the last run's ended requests that were not answered with 2xx or 3xx.",
      unit: 'percentunit',
      width: 6,
      thresholds: warnAt(0.001, 0.01),
      noValue: 'no run',
      last: true,
      queries: [{ expr: `1 - ${ratio(`sum(${outcomes(good)})`, `sum(${outcomes()})`)}` }],
    }),
    stat({
      id: 4,
      title: 'Dispatch Lag p99',
      description:
        "How late the generator itself was, in one of a hundred requests. Above 1 ms its figures may be its own rather than the servers'.",
      unit: 's',
      width: 6,
      thresholds: warnAt(0.0005, 0.001),
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
      title: 'Planned, Sent, Answered',
      description: 'All three lie on each other as long as everybody keeps up.',
      unit: 'reqps',
      width: 12,
      queries: [
        { expr: `sum(${rate(planned)})`, legend: 'planned' },
        { expr: `sum(${rate(sent)})`, legend: 'sent' },
        { expr: `sum(${rate(outcomes(answers))})`, legend: 'answered' },
      ],
    }),
    chart({
      id: 102,
      title: 'Outcomes',
      description:
        'What became of requests: status classes (429 and 503 apart) and errors. Those that did not happen are left out.',
      unit: 'reqps',
      width: 12,
      queries: [{ expr: `${sumBy('outcome', rate(outcomes()))} > 0`, legend: '{{outcome}}' }],
    }),
    chart({
      id: 103,
      title: 'Sent by Target',
      description: 'Requests given to the kernel in whole.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: sumBy('target', rate(sent)), legend: '{{target}}' }],
    }),
    chart({
      id: 104,
      title: 'Not Good by Target',
      description: 'Requests that ended with anything but 2xx or 3xx.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: sumBy('target', rate(outcomes('outcome!~"[23]xx"'))), legend: '{{target}}' }],
    }),
    chart({
      id: 105,
      title: 'In Flight and Waiting',
      description:
        'At the end of the last second. Requests that wait have found all connections busy: the servers are slower than --connections allow for.',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(loadgen_in_flight_requests)', legend: 'in flight' },
        { expr: 'sum(loadgen_waiting_requests)', legend: 'waiting for a connection' },
      ],
    }),
  ],
};

const response = of('loadgen_response_duration_seconds_bucket');
const service = of('loadgen_service_duration_seconds_bucket');

const times: Section = {
  title: 'Times',
  id: 200,
  panels: [
    chart({
      id: 201,
      title: 'Response Time and Service Time',
      description:
        'Response: from when a request was meant to start, which is what a caller waits. Service: from when it was sent. Where they part, requests queue.',
      unit: 's',
      width: 12,
      limits: '^service',
      queries: [
        { expr: quantile(0.5, '', response), legend: 'response p50' },
        { expr: quantile(0.99, '', response), legend: 'response p99' },
        { expr: quantile(0.5, '', service), legend: 'service p50' },
        { expr: quantile(0.99, '', service), legend: 'service p99' },
      ],
    }),
    chart({
      id: 202,
      title: 'Response Time p99 by Target',
      description: 'From when a request was meant to start to its whole answer.',
      unit: 's',
      width: 12,
      queries: [{ expr: quantile(0.99, 'target', response), legend: '{{target}}' }],
    }),
  ],
};

const generator: Section = {
  title: 'The Generator Itself',
  id: 300,
  panels: [
    chart({
      id: 301,
      title: 'Dispatch Lag',
      description: 'How late the generator was to start a request. Above the line the run may be INVALID.',
      unit: 's',
      width: 6,
      thresholds: redFrom(0.001),
      queries: [
        { expr: quantile(0.5, '', 'loadgen_dispatch_lag_seconds_bucket'), legend: 'p50' },
        { expr: quantile(0.99, '', 'loadgen_dispatch_lag_seconds_bucket'), legend: 'p99' },
      ],
    }),
    chart({
      id: 302,
      title: 'Busiest Worker',
      description:
        'Share of a core that the busiest worker used in the last second. Above the line for a phase the run is INVALID: give it more --threads.',
      unit: 'percentunit',
      width: 6,
      max: 1,
      thresholds: redFrom(0.8),
      queries: [{ expr: 'max(loadgen_busiest_worker_cpu_ratio)', legend: 'busiest worker' }],
    }),
    chart({
      id: 303,
      title: 'Connections Opened',
      description:
        'New connections by target. Few, once the run has begun, unless answers end them or --no-keep-alive is on.',
      unit: 'cps',
      width: 6,
      queries: [{ expr: sumBy('target', rate(of('loadgen_connections_opened_total'))), legend: '{{target}}' }],
    }),
    chart({
      id: 304,
      title: 'Processor of the Generator',
      description: 'Cores that the whole generator uses.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: `sum(${rate('process_cpu_seconds_total{job="loadgen"}')})`, legend: 'cores' }],
    }),
  ],
};

const servers = 'job=~".+-service"';
const serversSeries = (suffix: string) => series('', `__name__=~".+_service_${suffix}"`, servers, users);

const other: Section = {
  title: "The Servers' Own View",
  id: 400,
  panels: [
    chart({
      id: 401,
      title: 'Served by Service',
      description:
        'Requests that the services counted. The dashboard calls the other three, so these see more than was sent to them.',
      unit: 'reqps',
      width: 6,
      queries: [{ expr: sumBy('job', rate(serversSeries('http_requests_total'))), legend: '{{job}}' }],
    }),
    chart({
      id: 402,
      title: "Latency p99 by the Servers' Clocks",
      description:
        "Without the network and without what waited in front of them: if it is far below the generator's, requests wait outside.",
      unit: 's',
      width: 6,
      queries: [
        {
          expr: quantile(0.99, 'job', serversSeries('http_request_duration_seconds_bucket')),
          legend: '{{job}}',
          exemplar: true,
        },
      ],
    }),
    chart({
      id: 403,
      title: 'Processors of the Servers',
      description: 'Cores that each service uses, all copies together.',
      unit: 'none',
      decimals: 2,
      width: 6,
      queries: [{ expr: sumBy('job', rate(series('process_cpu_seconds_total', servers))), legend: '{{job}}' }],
    }),
    chart({
      id: 404,
      title: 'Requests in Flight at the Servers',
      description: 'Requests being answered. If the generator has many more in flight, they wait in between.',
      unit: 'short',
      width: 6,
      queries: [{ expr: sumBy('job', series('cohort_server_requests_in_flight', servers)), legend: '{{job}}' }],
    }),
  ],
};

export const loadgen = board({
  uid: 'loadgen',
  title: boardTitles.loadgen,
  description:
    'A run of loadgen with --metrics-port: what it sent, what came of it, and what the servers say about it.',
  refresh: '5s',
  from: 'now-15m',
  variables: [
    variable({
      name: 'target',
      label: 'Target',
      description: 'Targets of the run.',
      query: 'label_values(loadgen_requests_planned_total, target)',
      all: '.+',
    }),
  ],
  alerts: servers,
  sections: [figures, load, times, generator, other],
});
