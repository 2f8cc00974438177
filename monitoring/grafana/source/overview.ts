/** The board to look at first. Its eleven first panels are the contract's: neither renamed nor moved. */
import { board, boardTitles, serviceVariable } from './board.ts';
import { alerts } from './overview-alerts.ts';
import { cache, upstreams } from './overview-upstreams.ts';
import { red, saturation } from './overview-services.ts';
import { chart, redFrom, stat, warnAt, type Query } from './panel.ts';
import { chosen, failed, ofServices, quantile, rate, ratio, requestRate, series, sumBy, users } from './promql.ts';

const percentiles = (buckets: string): Query[] => [
  { expr: quantile(0.5, '', buckets), legend: 'p50' },
  { expr: quantile(0.95, '', buckets), legend: 'p95' },
  { expr: quantile(0.99, '', buckets), legend: 'p99', exemplar: true },
];

const hits = sumBy('job', rate('weather_service_cache_hits_total'));
const misses = sumBy('job', rate('weather_service_cache_misses_total'));

const upstreamBuckets = 'dashboard_service_upstream_request_duration_seconds_bucket';

function total(id: number, title: string, service: string) {
  return stat({
    id,
    title,
    description: 'Requests of users since its copies have been running: 0 again after a restart.',
    unit: 'short',
    decimals: 0,
    width: 6,
    queries: [{ expr: `sum(${series(`${service}_http_requests_total`, users)})` }],
  });
}

const contracted = [
  chart({
    id: 1,
    title: 'Request Rate (req/s) by Service',
    description:
      'Requests of users that each service answered. HighRequestRate and TrafficSpike watch it; none at all for five minutes is NoTraffic.',
    unit: 'reqps',
    width: 12,
    queries: [{ expr: requestRate('job'), legend: '{{job}}' }],
  }),
  chart({
    id: 2,
    title: 'Average Response Time (ms)',
    description:
      "The mean by the servers' own clocks. A mean hides the slow few: see the percentiles. The line is where HighLatency begins.",
    unit: 'ms',
    width: 12,
    thresholds: redFrom(500),
    queries: [
      {
        expr: `1000 * ${ratio(
          sumBy('job', rate(ofServices('http_request_duration_seconds_sum'))),
          sumBy('job', rate(ofServices('http_request_duration_seconds_count'))),
        )}`,
        legend: '{{job}}',
      },
    ],
  }),
  chart({
    id: 3,
    title: 'Time Service - Latency Percentiles',
    description:
      'Half, 95 and 99 of a hundred requests were answered within this. The line is the threshold of its latency objective. Dots are single requests with their trace ids.',
    unit: 's',
    width: 12,
    thresholds: redFrom(0.25),
    queries: percentiles(series('time_service_http_request_duration_seconds_bucket', users)),
  }),
  chart({
    id: 4,
    title: 'Weather Service - Latency Percentiles',
    description:
      'Half, 95 and 99 of a hundred requests were answered within this. Misses of the cache wait for the provider. The line is the threshold of its latency objective.',
    unit: 's',
    width: 12,
    thresholds: redFrom(2.5),
    queries: percentiles(series('weather_service_http_request_duration_seconds_bucket', users)),
  }),
  chart({
    id: 5,
    title: 'Weather Service - Cache Performance',
    description: 'Look-ups answered at once, and those that needed a provider.',
    unit: 'ops',
    width: 8,
    stacked: true,
    queries: [
      { expr: hits, legend: 'hits' },
      { expr: misses, legend: 'misses' },
    ],
  }),
  chart({
    id: 6,
    title: 'Weather Service - Cache Hit Rate %',
    description:
      'Of a hundred look-ups, how many were answered at once. Nothing without look-ups. Below the line for five minutes is LowCacheHitRate.',
    unit: 'percent',
    width: 8,
    max: 100,
    thresholds: { base: 'red', steps: [[50, 'green']] },
    queries: [{ expr: `100 * ${ratio(hits, `(${hits} + ${misses})`)}`, legend: 'hit rate' }],
  }),
  chart({
    id: 7,
    title: 'Dashboard Service - Upstream Service Call Latency',
    description:
      'How long the dashboard waited for each service it calls, retries included. A mean above 1 s for three minutes is UpstreamServiceSlow.',
    unit: 's',
    width: 8,
    thresholds: redFrom(1),
    queries: [
      { expr: quantile(0.5, 'service', upstreamBuckets), legend: '{{service}} p50' },
      { expr: quantile(0.99, 'service', upstreamBuckets), legend: '{{service}} p99' },
    ],
  }),
  total(8, 'Time Service - Total Requests', 'time_service'),
  total(9, 'System Info - Total Requests', 'system_info_service'),
  total(10, 'Weather Service - Total Requests', 'weather_service'),
  total(11, 'Dashboard - Total Requests', 'dashboard_service'),
];

const firing = (severity: string) => `count(ALERTS{alertstate="firing", severity="${severity}"}) or vector(0)`;

const health = [
  stat({
    id: 20,
    title: 'Availability',
    description: "Which share of the chosen services' copies answers Prometheus now.",
    unit: 'percentunit',
    width: 4,
    thresholds: { base: 'red', steps: [[1, 'green']] },
    queries: [{ expr: `avg(up{${chosen}})` }],
  }),
  stat({
    id: 21,
    title: 'Error Share',
    description:
      'Share of requests that failed by our fault (5xx but 501 and 505), of all chosen services. 5 % of one service for two minutes is HighErrorRate.',
    unit: 'percentunit',
    width: 4,
    thresholds: warnAt(0.01, 0.05),
    noValue: 'no requests',
    queries: [
      {
        expr: ratio(
          `sum(${rate(ofServices('http_requests_total', failed))})`,
          `sum(${rate(ofServices('http_requests_total'))})`,
        ),
      },
    ],
  }),
  stat({
    id: 22,
    title: 'Critical Alerts',
    description: 'Alerts of severity critical that fire now, of all jobs, chosen or not. Which: in the last row.',
    unit: 'none',
    width: 4,
    thresholds: redFrom(1),
    queries: [{ expr: firing('critical') }],
  }),
  stat({
    id: 23,
    title: 'Warnings',
    description: 'Alerts of severity warning that fire now, of all jobs, chosen or not. Which: in the last row.',
    unit: 'none',
    width: 4,
    thresholds: { base: 'green', steps: [[1, 'orange']] },
    queries: [{ expr: firing('warning') }],
  }),
  stat({
    id: 24,
    title: 'Memory against Limit',
    description:
      'Of the chosen copy that has least left. Above 100 % the kernel kills it; MemoryNearLimit fires at 90 %.',
    unit: 'percentunit',
    width: 4,
    thresholds: warnAt(0.75, 0.9),
    queries: [{ expr: `max(process_resident_memory_bytes{${chosen}} / cohort_memory_limit_bytes)` }],
  }),
  stat({
    id: 25,
    title: 'Event Loop Lag',
    description:
      'How late the event loops of the worst copy come to one of a hundred timers: all requests wait as long. EventLoopBlocked fires at 100 ms.',
    unit: 's',
    width: 4,
    thresholds: warnAt(0.05, 0.1),
    queries: [{ expr: `max(${quantile(0.99, 'job, instance', series('cohort_loop_lag_seconds_bucket', chosen))})` }],
  }),
];

export const overview = board({
  uid: 'microservices-overview',
  title: boardTitles['microservices-overview'],
  description: 'Is it well? If not: which service, which route, what resource, which upstream.',
  refresh: '5s',
  from: 'now-15m',
  variables: [serviceVariable],
  alerts: chosen,
  sections: [{ panels: [...contracted, ...health] }, red, saturation, upstreams, cache, alerts],
});
