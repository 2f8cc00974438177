// SPDX-License-Identifier: BSL-1.0
import { joinAvailable } from './format.ts';
import { booleanAt, isObject, numberAt, objectAt, parseObject, textAt, type JsonObject } from './json.ts';
import {
  partStates,
  type Aggregate,
  type Part,
  type PartEvent,
  type PartState,
  type PollEvent,
  type SystemInfo,
  type TimeEvent,
  type TimeReading,
  type WeatherReport,
} from './model.ts';
import { readServices } from './services.ts';

/** Parses the data of a `time` event; null if it is malformed. */
export function parseTimeEvent(data: string): TimeEvent | null {
  const body = parseObject(data);
  if (body === null) return null;
  const reading = readTime(body);
  if (reading !== null) return { reading };
  const failure = textAt(body, 'timestamp') ?? textAt(body, 'error');
  return failure === null ? null : { failure };
}

/** Parses the data of an `aggregate` event; null if it is malformed. */
export function parseAggregateEvent(data: string): Aggregate | null {
  const body = parseObject(data);
  if (body === null) return null;
  const keys = ['time_service', 'sysinfo_service', 'weather_service'];
  if (!keys.some((key) => isObject(body[key]))) return null;
  return {
    time: readPart(body, 'time_service', readTime),
    system: readPart(body, 'sysinfo_service', readSystem),
    weather: readPart(body, 'weather_service', readWeather),
  };
}

/** A `part` event: the response of one service, sent when it arrives. Null if it is malformed. */
export function parsePartEvent(data: string): PartEvent | null {
  const body = parseObject(data);
  if (body === null) return null;
  const poll = numberAt(body, 'poll');
  const has = (key: string) => isObject(body[key]);
  if (has('time_service')) return { panel: 'time', poll, part: readPart(body, 'time_service', readTime) };
  if (has('sysinfo_service')) return { panel: 'system', poll, part: readPart(body, 'sysinfo_service', readSystem) };
  if (has('weather_service')) return { panel: 'weather', poll, part: readPart(body, 'weather_service', readWeather) };
  return null;
}

/** A `poll` event: the start of the calls for an aggregate. Null if it is malformed. */
export function parsePollEvent(data: string): PollEvent | null {
  const body = parseObject(data);
  const poll = body === null ? null : numberAt(body, 'poll');
  if (body === null || poll === null) return null;
  const budgets = objectAt(body, 'budgets_ms');
  return { poll, budgets: readServices((key) => numberAt(budgets, key)) };
}

function readPart<T extends object>(
  aggregate: JsonObject,
  key: string,
  read: (body: JsonObject) => T | null,
): Part<T> {
  const body = aggregate[key];
  const meta = objectAt(objectAt(aggregate, 'meta'), key);
  const timing = { elapsedMs: numberAt(meta, 'elapsed_ms'), deadlineMs: numberAt(meta, 'deadline_ms') };
  const value = isObject(body) ? read(body) : null;
  const isStaleBody = isObject(body) && body['stale'] === true;
  // An expired report without an error is being refreshed: the next report follows shortly.
  const isRefreshing = isStaleBody && isObject(body) && textAt(body, 'error') === null;
  const state = resolveState(meta['state'], value !== null, isStaleBody);
  const probeInMs = state === 'open' ? numberAt(aggregate, 'probe_in_ms') : null;
  return { state: state === 'stale' && isRefreshing ? 'fresh' : state, timing, value, probeInMs };
}

/** The state from the metadata, unless the body contradicts it: a failed part is never fresh. */
function resolveState(reportedState: unknown, hasValue: boolean, isStaleBody: boolean): PartState | 'unknown' {
  const known = partStates.find((state) => state === reportedState);
  if (!hasValue) return known === undefined || known === 'fresh' || known === 'stale' ? 'error' : known;
  if (isStaleBody && (known === undefined || known === 'fresh')) return 'stale';
  if (reportedState === undefined) return 'fresh';
  return known ?? 'unknown';
}

function readTime(body: JsonObject): TimeReading | null {
  const timestamp = body['timestamp'];
  // The API reports a failure in the field of the timestamp.
  if (typeof timestamp !== 'string' || timestamp.trim() === '' || timestamp.startsWith('Error')) return null;
  return {
    service: textAt(body, 'service'),
    timestamp,
    iso8601: textAt(body, 'iso8601'),
    unixMs: numberAt(body, 'unix_ms'),
    timezone: textAt(body, 'timezone'),
  };
}

function readSystem(body: JsonObject): SystemInfo | null {
  if (typeof body['error'] === 'string') return null;
  return {
    service: textAt(body, 'service'),
    hostname: textAt(body, 'hostname'),
    containerHostname: textAt(body, 'container_hostname'),
    platform: textAt(body, 'platform'),
    platformRelease: textAt(body, 'platform_release'),
    platformVersion: textAt(body, 'platform_version'),
    architecture: textAt(body, 'architecture'),
    processor: textAt(body, 'processor'),
    cpuCount: numberAt(body, 'cpu_count'),
    cpuCountPhysical: numberAt(body, 'cpu_count_physical'),
    memoryTotalGb: numberAt(body, 'memory_total_gb'),
    memoryAvailableGb: numberAt(body, 'memory_available_gb'),
    memoryPercent: numberAt(body, 'memory_percent'),
    runtime: textAt(body, 'runtime'),
    loadAverage: readLoadAverage(body['load_average']),
    uptimeSeconds: numberAt(body, 'uptime_seconds'),
    cgroupMemoryLimitGb: numberAt(body, 'cgroup_memory_limit_gb'),
    cgroupMemoryUsedGb: numberAt(body, 'cgroup_memory_used_gb'),
    cgroupMemoryPercent: numberAt(body, 'cgroup_memory_percent'),
    cgroupCpuLimit: numberAt(body, 'cgroup_cpu_limit'),
  };
}

function readLoadAverage(value: unknown): readonly [number, number, number] | null {
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [one, five, fifteen] = value as unknown[];
  if (typeof one !== 'number' || typeof five !== 'number' || typeof fifteen !== 'number') return null;
  return [one, five, fifteen];
}

function readWeather(body: JsonObject): WeatherReport | null {
  const stale = body['stale'] === true;
  const error = textAt(body, 'error');
  // Only a stale report has both an error and values.
  if (error !== null && !stale) return null;
  const location = objectAt(body, 'location');
  const weather = objectAt(body, 'weather');
  return {
    service: textAt(body, 'service'),
    sample: body['sample'] === true,
    city: textAt(location, 'city'),
    region: textAt(location, 'region'),
    country: textAt(location, 'country'),
    nearestArea: readAreaName(location['nearest_area']),
    latitude: textAt(location, 'latitude'),
    longitude: textAt(location, 'longitude'),
    temperatureC: textAt(weather, 'temperature_c'),
    temperatureF: textAt(weather, 'temperature_f'),
    condition: textAt(weather, 'condition'),
    humidity: textAt(weather, 'humidity'),
    windSpeedKmph: textAt(weather, 'wind_speed_kmph'),
    feelsLikeC: textAt(weather, 'feels_like_c'),
    cached: booleanAt(body, 'cached'),
    cacheAgeSeconds: numberAt(body, 'cache_age_seconds'),
    stale,
    error,
  };
}

function readAreaName(area: unknown): string | null {
  return isObject(area) ? joinAvailable(textAt(area, 'city'), textAt(area, 'country')) : null;
}
