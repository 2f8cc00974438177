/** Rows of the overview about the services themselves. */
import type { Section } from './board.ts';
import { chart, heatmap, redFrom, warnAt } from './panel.ts';
import { chosen, failed, increase, ofServices, quantile, rate, ratio, requestRate, series, sumBy } from './promql.ts';

const buckets = ofServices('http_request_duration_seconds_bucket');

function latency(id: number, q: number, width: number) {
  const name = `p${q * 100}`;
  return chart({
    id,
    title: `Latency ${name} by Route`,
    description: `Of a hundred requests to a route, ${q * 100} were answered within this. Dots are single requests with their trace ids.`,
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
      description: 'Requests of users. "unmatched" asked for a path that is none of ours.',
      unit: 'reqps',
      width: 8,
      queries: [{ expr: requestRate('job, endpoint'), legend: '{{job}} {{endpoint}}' }],
    }),
    chart({
      id: 102,
      title: 'Error Share by Service',
      description:
        'Share of requests that failed by our fault (5xx but 501 and 505). Above the line for two minutes is HighErrorRate.',
      unit: 'percentunit',
      width: 8,
      thresholds: redFrom(0.05),
      queries: [{ expr: ratio(requestRate('job', failed), requestRate('job')), legend: '{{job}}' }],
    }),
    chart({
      id: 103,
      title: 'Refused and Failed by Status',
      description:
        "4xx: the client's fault (429: above its rate limit). 503: turned away, or nothing to give. 504: out of time.",
      unit: 'reqps',
      width: 8,
      queries: [{ expr: requestRate('job, status', 'status=~"[45].."'), legend: '{{job}} {{status}}' }],
    }),
    latency(104, 0.5, 6),
    latency(105, 0.95, 6),
    latency(106, 0.99, 6),
    heatmap({
      id: 107,
      title: 'Response Times',
      description:
        'How many requests of the chosen services took how long. Two bands are two kinds of requests: hits and misses, say.',
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
      description: 'Processors in use by each copy: 1 is one core. Compare with the limit given to the container.',
      unit: 'none',
      decimals: 2,
      width: 8,
      queries: [
        {
          expr: sumBy('job, instance', rate(series('process_cpu_seconds_total', chosen))),
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 202,
      title: 'Resident Memory',
      description: 'Memory of each copy. Above the line for five minutes is HighMemoryUsage.',
      unit: 'bytes',
      width: 8,
      thresholds: redFrom(200e6),
      queries: [{ expr: series('process_resident_memory_bytes', chosen), legend: '{{job}} {{instance}}' }],
    }),
    chart({
      id: 203,
      title: 'Memory against Limit by Copy',
      description:
        'Share of what its control group, or the machine, lets it have. Above the line is MemoryNearLimit; at 100 % the kernel kills it.',
      unit: 'percentunit',
      width: 8,
      thresholds: redFrom(0.9),
      queries: [
        {
          expr: `process_resident_memory_bytes{${chosen}} / cohort_memory_limit_bytes`,
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 204,
      title: 'File Descriptors against Limit',
      description:
        'Share of the descriptors that a copy may open. Without one it can accept nobody. Above the line is FileDescriptorsNearLimit.',
      unit: 'percentunit',
      width: 8,
      thresholds: redFrom(0.8),
      queries: [{ expr: `process_open_fds{${chosen}} / process_max_fds`, legend: '{{job}} {{instance}}' }],
    }),
    chart({
      id: 205,
      title: 'Event Loop Lag p99',
      description: "How late a copy's event loops come to one of a hundred timers. Above the line is EventLoopBlocked.",
      unit: 's',
      width: 8,
      thresholds: warnAt(0.05, 0.1),
      queries: [
        {
          expr: quantile(0.99, 'job, instance', series('cohort_loop_lag_seconds_bucket', chosen)),
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
    chart({
      id: 206,
      title: 'In Flight against Concurrency Limit',
      description:
        "All requests that a copy is answering, as a share of its tightest route's limit: too much rather than too little. At 100 % routes begin to turn requests away. Services without a limit are left out.",
      unit: 'percentunit',
      width: 8,
      thresholds: warnAt(0.8, 1),
      queries: [
        {
          expr: `sum by (job, instance) (cohort_server_requests_in_flight{${chosen}}) / min by (job, instance) (cohort_server_concurrency_limit)`,
          legend: '{{job}} {{instance}}',
        },
      ],
    }),
  ],
};
