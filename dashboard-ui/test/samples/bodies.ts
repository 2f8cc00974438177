// SPDX-License-Identifier: BSL-1.0
/** Response bodies of the services. */
export const timeBody = {
  service: 'time-service',
  timestamp: '2025-03-09 14:05:06',
  iso8601: '2025-03-09T14:05:06+02:00',
  unix_ms: 1741521906000,
  timezone: 'Asia/Jerusalem',
};

export const systemBody = {
  service: 'system-info-service',
  hostname: 'host-1',
  container_hostname: 'c0ffee',
  platform: 'Linux',
  platform_release: '6.1.0',
  platform_version: '#1 SMP',
  architecture: 'x86_64',
  processor: 'Sample CPU',
  cpu_count: 8,
  cpu_count_physical: 4,
  memory_total_gb: 15.5,
  memory_available_gb: 7.25,
  memory_percent: 53.2,
  runtime: 'C++20, GCC 14.2, Boost 1.88',
  load_average: [0.5, 0.25, 1],
  uptime_seconds: 93_784,
};

export const weatherBody = {
  service: 'weather-service',
  cached: true,
  cache_age_seconds: 75,
  location: { city: 'Haifa', country: 'Israel', latitude: 32.794, longitude: 34.9896 },
  weather: {
    temperature_c: '21',
    temperature_f: '70',
    condition: 'Sunny',
    humidity: '60',
    wind_speed_kmph: '12',
    feels_like_c: '20',
  },
};

export const failedBody = { error: 'Service temporarily unavailable' };

const fresh = (deadline_ms: number) => ({ state: 'fresh', elapsed_ms: 12, deadline_ms });

export const aggregateBody = {
  dashboard: 'aggregator-service',
  time_service: timeBody,
  sysinfo_service: systemBody,
  weather_service: weatherBody,
  meta: { time_service: fresh(3000), sysinfo_service: fresh(3000), weather_service: fresh(5000) },
};

export const alertBody = {
  name: 'ServiceDown',
  severity: 'critical',
  service: 'weather-service',
  summary: 'weather-service is down',
  description: 'Prometheus got no response for a minute.',
  runbook_url: 'http://localhost:5000/runbook#servicedown',
  starts_at: '2025-03-09T12:03:06Z',
  for_seconds: 120,
  stale: false,
  labels: { alertname: 'ServiceDown', job: 'weather-service', severity: 'critical' },
  fingerprint: 'f0',
};

export const warningBody = {
  ...alertBody,
  name: 'LowCacheHitRate',
  severity: 'warning',
  summary: 'Less than half of the responses are from the cache',
  runbook_url: 'http://localhost:5000/runbook#lowcachehitrate',
  fingerprint: 'f1',
};

export const resolvedBody = { ...alertBody, ends_at: '2025-03-09T12:05:06Z' };

/** A body of `/api/alerts` with a recent Watchdog. */
export function alertsBody(firing: object[] = [], resolved: object[] = []) {
  return { monitoring: { state: 'ok', last_heard_seconds: 12 }, firing, resolved, not_shown: 0 };
}

/** A body with a Watchdog that was received four minutes ago. */
export function silentBody(firing: object[] = []) {
  return { ...alertsBody(firing), monitoring: { state: 'silent', last_heard_seconds: 240 } };
}

/** A body before the first Watchdog. */
export const unknownBody = { ...alertsBody(), monitoring: { state: 'unknown', last_heard_seconds: null } };
