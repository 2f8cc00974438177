// SPDX-License-Identifier: BSL-1.0
/** The main dashboard. Its first eleven panels are part of the public contract: do not rename or move them. */
import { buildDashboard, dashboardTitles, serviceVariable } from './dashboard.ts';
import { addedServices } from './overview-added.ts';
import { alerts } from './overview-alerts.ts';
import { gateway } from './overview-gateway.ts';
import { cache, upstreams } from './overview-upstreams.ts';
import { red, saturation } from './overview-services.ts';
import { chart, redThreshold, stat, yellowRedThresholds, type Query } from './panel.ts';
import { selectedServices, serverErrors, serviceSeries, quantile, rate, ratio, requestRate, series, sumBy, userTraffic } from './promql.ts';

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
    description: 'User requests since the start of the running replicas. Resets to 0 on a restart.',
    unit: 'short',
    decimals: 0,
    width: 6,
    queries: [{ expr: `sum(${series(`${service}_http_requests_total`, userTraffic)})` }],
  });
}

const contractPanels = [
  chart({
    id: 1,
    title: 'Request Rate (req/s) by Service',
    description:
      'User requests completed by each service. The alerts HighRequestRate, TrafficSpike and NoTraffic use this rate.',
    unit: 'reqps',
    width: 12,
    queries: [{ expr: requestRate('job'), legend: '{{job}}' }],
  }),
  chart({
    id: 2,
    title: 'Average Response Time (ms)',
    description:
      'Mean response time, measured by the servers. A mean hides outliers: see the percentiles. HighLatency fires above the line.',
    unit: 'ms',
    width: 12,
    thresholds: redThreshold(500),
    queries: [
      {
        expr: `1000 * ${ratio(
          sumBy('job', rate(serviceSeries('http_request_duration_seconds_sum'))),
          sumBy('job', rate(serviceSeries('http_request_duration_seconds_count'))),
        )}`,
        legend: '{{job}}',
      },
    ],
  }),
  chart({
    id: 3,
    title: 'Time Service - Latency Percentiles',
    description:
      '50, 95 and 99 % of the requests completed within this time. The line is the threshold of the latency objective. Dots are exemplars: single requests with their trace IDs.',
    unit: 's',
    width: 12,
    thresholds: redThreshold(0.25),
    queries: percentiles(series('time_service_http_request_duration_seconds_bucket', userTraffic)),
  }),
  chart({
    id: 4,
    title: 'Weather Service - Latency Percentiles',
    description:
      '50, 95 and 99 % of the requests completed within this time. Cache misses wait for a provider. The line is the threshold of the latency objective.',
    unit: 's',
    width: 12,
    thresholds: redThreshold(2.5),
    queries: percentiles(series('weather_service_http_request_duration_seconds_bucket', userTraffic)),
  }),
  chart({
    id: 5,
    title: 'Weather Service - Cache Performance',
    description: 'Cache hits and cache misses per second. A miss waits for a provider.',
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
      'Percentage of cache lookups that were hits. Without lookups, there is no value. LowCacheHitRate fires if the value stays below the line for five minutes.',
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
      'Duration of the calls from the dashboard to each upstream, including retries. UpstreamServiceSlow fires for a mean above 1 s for three minutes.',
    unit: 's',
    width: 8,
    thresholds: redThreshold(1),
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
    description: 'Replicas that Prometheus can scrape, as a fraction of all replicas of the selected services.',
    unit: 'percentunit',
    width: 4,
    thresholds: { base: 'red', steps: [[1, 'green']] },
    queries: [{ expr: `avg(up{${selectedServices}})` }],
  }),
  stat({
    id: 21,
    title: 'Error Ratio',
    description:
      'Error ratio: requests to the selected services that failed with a server error (5xx except 501 and 505), as a fraction of all requests. HighErrorRate fires above 5 % for one service.',
    unit: 'percentunit',
    width: 4,
    thresholds: yellowRedThresholds(0.01, 0.05),
    noValue: 'no requests',
    queries: [
      {
        expr: ratio(
          `sum(${rate(serviceSeries('http_requests_total', serverErrors))})`,
          `sum(${rate(serviceSeries('http_requests_total'))})`,
        ),
      },
    ],
  }),
  stat({
    id: 22,
    title: 'Critical Alerts',
    description: 'Firing alerts of severity critical, of all jobs. The last row lists them.',
    unit: 'none',
    width: 4,
    thresholds: redThreshold(1),
    queries: [{ expr: firing('critical') }],
  }),
  stat({
    id: 23,
    title: 'Warning Alerts',
    description: 'Firing alerts of severity warning, of all jobs. The last row lists them.',
    unit: 'none',
    width: 4,
    thresholds: { base: 'green', steps: [[1, 'orange']] },
    queries: [{ expr: firing('warning') }],
  }),
  stat({
    id: 24,
    title: 'Memory Utilization',
    description:
      'Highest memory utilization of the selected replicas. At 100 % the kernel kills the process; MemoryNearLimit fires at 90 %.',
    unit: 'percentunit',
    width: 4,
    thresholds: yellowRedThresholds(0.75, 0.9),
    queries: [{ expr: `max(process_resident_memory_bytes{${selectedServices}} / cohort_memory_limit_bytes)` }],
  }),
  stat({
    id: 25,
    title: 'Event Loop Lag',
    description:
      'Highest p99 event loop lag of the selected replicas: requests on that loop are delayed by this time. EventLoopBlocked fires at 100 ms.',
    unit: 's',
    width: 4,
    thresholds: yellowRedThresholds(0.05, 0.1),
    queries: [{ expr: `max(${quantile(0.99, 'job, instance', series('cohort_loop_lag_seconds_bucket', selectedServices))})` }],
  }),
];

export const overview = buildDashboard({
  uid: 'microservices-overview',
  title: dashboardTitles['microservices-overview'],
  description: 'Health of the stack by service, route, resource and upstream, and active alerts.',
  refresh: '5s',
  from: 'now-15m',
  variables: [serviceVariable],
  alertMatchers: selectedServices,
  sections: [{ panels: [...contractPanels, ...health] }, red, saturation, upstreams, cache, ...addedServices, gateway, alerts],
});
