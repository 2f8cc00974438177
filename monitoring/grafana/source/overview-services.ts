// SPDX-License-Identifier: BSL-1.0
/** Overview rows about the services: request metrics and resources. */
import type { Section } from './dashboard.ts';
import { chart, heatmap, redThreshold, yellowRedThresholds } from './panel.ts';
import { selectedServices, serverErrors, increase, serviceSeries, quantile, rate, ratio, requestRate, series, sumBy } from './promql.ts';

const buckets = serviceSeries('http_request_duration_seconds_bucket');

function latency(id: number, q: number, width: number) {
  const name = `p${q * 100}`;
  return chart({
    id,
    title: `Latency ${name} by Route`,
    description: `${q * 100} % of the requests to a route completed within this time. Dots are exemplars: single requests with their trace IDs.`,
    unit: 's',
    width,
    queries: [{ expr: quantile(q, 'job, endpoint', buckets), legend: '{{job}} {{endpoint}}', exemplar: true }],
  });
}

export const red: Section = {
  title: 'Rate, Errors, Duration',
  id: 100,
  panels: [
    chart({
      id: 101,
      title: 'Request Rate by Route',
      description: 'User requests. "unmatched": the path matches no route.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: requestRate('job, endpoint'), legend: '{{job}} {{endpoint}}' }],
    }),
    chart({
      id: 102,
      title: 'Error Ratio by Service',
      description:
        'Error ratio: requests that failed with a server error (5xx except 501 and 505), as a fraction of all requests. HighErrorRate fires if the value stays above the line for two minutes.',
      unit: 'percentunit',
      width: 8,
      thresholds: redThreshold(0.05),
      queries: [{ expr: ratio(requestRate('job', serverErrors), requestRate('job')), legend: '{{job}}' }],
    }),
    chart({
      id: 103,
      title: 'Client and Server Errors by Status',
      description:
        '4xx: client errors (429: rate limit exceeded). 503: overload, or no data available. 504: deadline exceeded.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: requestRate('job, status', 'status=~"[45].."'), legend: '{{job}} {{status}}' }],
    }),
    latency(104, 0.5, 6),
    latency(105, 0.95, 6),
    latency(106, 0.99, 6),
    heatmap({
      id: 107,
      title: 'Response Time Distribution',
      description:
        'Response times of the selected services. Two bands indicate two kinds of requests, such as cache hits and misses.',
      unit: 's',
      width: 6,
      queries: [{ expr: sumBy('le', increase(buckets)), legend: '{{le}}' }],
    }),
  ],
};

export const saturation: Section = {
  title: 'Saturation',
  id: 200,
  panels: [
    chart({
      id: 201,
      title: 'CPU',
      description: 'CPU cores used by each replica. Compare with the limit of the container.',
      unit: 'none',
      decimals: 2,
      width: 8,
      queries: [
        {
          expr: sumBy('job, instance', rate(series('process_cpu_seconds_total', selectedServices))),
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 202,
      title: 'Resident Memory',
      description: 'Resident memory of each replica. HighMemoryUsage fires if the value stays above the line for five minutes.',
      unit: 'bytes',
      width: 8,
      thresholds: redThreshold(200e6),
      queries: [{ expr: series('process_resident_memory_bytes', selectedServices), legend: '{{job}} {{instance}}' }],
    }),
    chart({
      id: 203,
      title: 'Memory Utilization by Replica',
      description:
        'Resident memory divided by the memory limit of the cgroup or machine. MemoryNearLimit fires above the line; at 100 % the kernel kills the process.',
      unit: 'percentunit',
      width: 8,
      thresholds: redThreshold(0.9),
      queries: [
        {
          expr: `process_resident_memory_bytes{${selectedServices}} / cohort_memory_limit_bytes`,
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 204,
      title: 'File Descriptor Utilization',
      description:
        'Open file descriptors divided by the limit. At the limit a replica cannot accept connections. FileDescriptorsNearLimit fires above the line.',
      unit: 'percentunit',
      width: 8,
      thresholds: redThreshold(0.8),
      queries: [{ expr: `process_open_fds{${selectedServices}} / process_max_fds`, legend: '{{job}} {{instance}}' }],
    }),
    chart({
      id: 205,
      title: 'Event Loop Lag p99',
      description: 'p99 timer lag of the event loops of each replica. EventLoopBlocked fires above the line.',
      unit: 's',
      width: 8,
      thresholds: yellowRedThresholds(0.05, 0.1),
      queries: [
        {
          expr: quantile(0.99, 'job, instance', series('cohort_loop_lag_seconds_bucket', selectedServices)),
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 206,
      title: 'Concurrency Limit Utilization',
      description:
        'Requests in flight of a replica divided by the lowest concurrency limit of its routes; an upper bound. At 100 % routes start to shed load. Services without a limit are omitted.',
      unit: 'percentunit',
      width: 8,
      thresholds: yellowRedThresholds(0.8, 1),
      queries: [
        {
          expr: `sum by (job, instance) (cohort_server_requests_in_flight{${selectedServices}}) / min by (job, instance) (cohort_server_concurrency_limit)`,
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
  ],
};
