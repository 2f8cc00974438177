// SPDX-License-Identifier: BSL-1.0
import { reportAge } from './facts.ts';
import { duration, formatFixed, joinAvailable, notAvailable, formatQuantity } from './format.ts';
import type { SystemInfo, TimeReading, WeatherReport } from './model.ts';

export function timeFields(reading: TimeReading | null): Record<string, string | null> {
  return {
    timestamp: formatQuantity(reading?.timestamp ?? null),
    iso8601: formatQuantity(reading?.iso8601 ?? null),
    unix_ms: formatQuantity(reading?.unixMs ?? null),
    timezone: formatQuantity(reading?.timezone ?? null),
    service: formatQuantity(reading?.service ?? null),
  };
}

export function systemFields(info: SystemInfo | null): Record<string, string | null> {
  const memoryLimit = info?.cgroupMemoryLimitGb ?? null;
  const cpuLimit = info?.cgroupCpuLimit ?? null;
  const uptime = info?.uptimeSeconds ?? null;
  return {
    hostname: formatQuantity(info?.hostname ?? null),
    container_hostname: formatQuantity(info?.containerHostname ?? null),
    platform: formatQuantity(info?.platform ?? null),
    platform_release: formatQuantity(info?.platformRelease ?? null),
    platform_version: formatQuantity(info?.platformVersion ?? null),
    architecture: formatQuantity(info?.architecture ?? null),
    processor: formatQuantity(info?.processor ?? null),
    cpu_count: formatQuantity(info?.cpuCount ?? null),
    cpu_count_physical: formatQuantity(info?.cpuCountPhysical ?? null),
    memory_total_gb: formatFixed(info?.memoryTotalGb ?? null, 2, 'GiB'),
    memory_available_gb: formatFixed(info?.memoryAvailableGb ?? null, 2, 'GiB'),
    memory_percent: formatFixed(info?.memoryPercent ?? null, 1, '%'),
    // Fields that only containers have.
    cgroup_memory_limit_gb: memoryLimit === null ? null : formatFixed(memoryLimit, 2, 'GiB'),
    cgroup_memory_used_gb: formatContainerMemory(info),
    cgroup_cpu_limit: cpuLimit === null ? null : formatQuantity(cpuLimit, 'CPU'),
    load_average: info?.loadAverage?.map((mean) => mean.toFixed(2)).join(' · ') ?? notAvailable,
    uptime_seconds: uptime === null ? notAvailable : duration(uptime),
    runtime: formatQuantity(info?.runtime ?? null),
    service: formatQuantity(info?.service ?? null),
  };
}

/** `receivedAgeMs`: the time since the report was received. */
export function weatherFields(report: WeatherReport | null, receivedAgeMs: number): Record<string, string | null> {
  return {
    temperature_c: formatQuantity(report?.temperatureC ?? null, '°C'),
    temperature_f: formatQuantity(report?.temperatureF ?? null, '°F'),
    condition: formatQuantity(report?.condition ?? null),
    feels_like_c: formatQuantity(report?.feelsLikeC ?? null, '°C'),
    humidity: formatQuantity(report?.humidity ?? null, '%'),
    wind_speed_kmph: formatQuantity(report?.windSpeedKmph ?? null, 'km/h'),
    location: joinAvailable(report?.city ?? null, report?.region ?? null, report?.country ?? null),
    nearest_area: report?.nearestArea ?? null,
    sample: report?.sample === true ? 'yes, built-in data' : null,
    coordinates: joinAvailable(report?.latitude ?? null, report?.longitude ?? null),
    cached: describeCache(report, receivedAgeMs),
    stale: report?.stale === true ? 'yes, older than its maximum age' : null,
    error: report?.error ?? null,
    service: formatQuantity(report?.service ?? null),
  };
}

function formatContainerMemory(info: SystemInfo | null): string | null {
  const used = info?.cgroupMemoryUsedGb ?? null;
  if (used === null) return null;
  return `${formatFixed(used, 2, 'GiB')} (${formatFixed(info?.cgroupMemoryPercent ?? null, 1, '%')})`;
}

function describeCache(report: WeatherReport | null, receivedAgeMs: number): string {
  const cached = report?.cached ?? null;
  if (report === null || cached === null) return notAvailable;
  if (!cached) return 'no';
  const seconds = reportAge(report, receivedAgeMs);
  return seconds === null ? 'yes' : `yes, ${duration(seconds)} old`;
}
