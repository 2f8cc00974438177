// SPDX-License-Identifier: BSL-1.0
/** The states of a part of an aggregate, with the names of the server. */
export const partStates = ['fresh', 'stale', 'timeout', 'error', 'shed', 'open'] as const;
export type PartState = (typeof partStates)[number];

/** `waiting`: no data yet. `unknown`: a state that this page does not support. */
export type PanelState = PartState | 'waiting' | 'unknown';

/** Events of the stream. */
export const eventNames = ['time', 'aggregate', 'part', 'poll', 'request', 'history', 'alerts', 'experiment', 'map'] as const;
/** Events that remain valid until the next event of their type. */
export const retainedEvents: readonly EventName[] = ['time', 'aggregate', 'request', 'alerts', 'experiment', 'map'];
export type EventName = (typeof eventNames)[number];

/** Duration and timeout of the server's call for a part, in milliseconds. */
export interface Timing {
  readonly elapsedMs: number | null;
  readonly deadlineMs: number | null;
}

/** In all readings, null means that a field is missing or has a wrong type. */
export interface TimeReading {
  readonly service: string | null;
  readonly timestamp: string;
  readonly iso8601: string | null;
  readonly unixMs: number | null;
  readonly timezone: string | null;
}

export interface SystemInfo {
  readonly service: string | null;
  readonly hostname: string | null;
  readonly containerHostname: string | null;
  readonly platform: string | null;
  readonly platformRelease: string | null;
  readonly platformVersion: string | null;
  readonly architecture: string | null;
  readonly processor: string | null;
  readonly cpuCount: number | null;
  readonly cpuCountPhysical: number | null;
  readonly memoryTotalGb: number | null;
  readonly memoryAvailableGb: number | null;
  readonly memoryPercent: number | null;
  readonly runtime: string | null;
  /** Means over 1, 5 and 15 minutes. */
  readonly loadAverage: readonly [number, number, number] | null;
  readonly uptimeSeconds: number | null;
  readonly cgroupMemoryLimitGb: number | null;
  readonly cgroupMemoryUsedGb: number | null;
  readonly cgroupMemoryPercent: number | null;
  readonly cgroupCpuLimit: number | null;
}

export interface WeatherReport {
  readonly service: string | null;
  /** Whether the report is the built-in sample, not a measurement. */
  readonly sample: boolean;
  readonly city: string | null;
  readonly region: string | null;
  readonly country: string | null;
  /** "City, Country" of the report; null unless the report is for a different place. */
  readonly nearestArea: string | null;
  readonly latitude: string | null;
  readonly longitude: string | null;
  readonly temperatureC: string | null;
  readonly temperatureF: string | null;
  readonly condition: string | null;
  readonly humidity: string | null;
  readonly windSpeedKmph: string | null;
  readonly feelsLikeC: string | null;
  readonly cached: boolean | null;
  readonly cacheAgeSeconds: number | null;
  readonly stale: boolean;
  readonly error: string | null;
}

/** One part of an aggregate; `value` is null if the part has failed. */
export interface Part<T> {
  readonly state: PartState | 'unknown';
  readonly timing: Timing;
  readonly value: T | null;
  /**
   * Time until the next probe of an open circuit breaker, in milliseconds; null if the breaker is closed or the time is
   * unknown.
   */
  readonly probeInMs: number | null;
}

export interface Aggregate {
  readonly time: Part<TimeReading>;
  readonly system: Part<SystemInfo>;
  readonly weather: Part<WeatherReport>;
}

/** A `time` event: a reading, or the server's error message. */
export type TimeEvent = { readonly reading: TimeReading } | { readonly failure: string };

/** A part of an aggregate, sent when its response arrives; `poll` identifies the aggregate. */
export type PartEvent = { readonly poll: number | null } & (
  | { readonly panel: 'time'; readonly part: Part<TimeReading> }
  | { readonly panel: 'system'; readonly part: Part<SystemInfo> }
  | { readonly panel: 'weather'; readonly part: Part<WeatherReport> }
);

/** The start of an aggregate, with the timeouts of its calls in milliseconds. */
export interface PollEvent {
  readonly poll: number;
  readonly budgets: ReadonlyMap<string, number>;
}
