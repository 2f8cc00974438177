/** What became of one part of an aggregate, in the server's words. */
export const partStates = ['fresh', 'stale', 'timeout', 'error', 'shed', 'open'] as const;
export type PartState = (typeof partStates)[number];

/** `waiting`: nothing heard yet. `unknown`: the server used a word this page does not know. */
export type PanelState = PartState | 'waiting' | 'unknown';

export type EventName = 'time' | 'aggregate' | 'alerts';

/** How long the server waited for a part, and how long it would have waited, in milliseconds. */
export interface Timing {
  readonly elapsedMs: number | null;
  readonly deadlineMs: number | null;
}

/** In every reading, null stands for a field that was missing or of another type. */
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
  readonly cgroupCpuLimit: number | null;
}

export interface WeatherReport {
  readonly service: string | null;
  readonly city: string | null;
  readonly country: string | null;
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

/** One part of an aggregate; `value` is null when the part failed. */
export interface Part<T> {
  readonly state: PartState | 'unknown';
  readonly timing: Timing;
  readonly value: T | null;
}

export interface Aggregate {
  readonly time: Part<TimeReading>;
  readonly system: Part<SystemInfo>;
  readonly weather: Part<WeatherReport>;
}

/** A `time` event: a reading, or the server's word on why there is none. */
export type TimeEvent = { readonly reading: TimeReading } | { readonly failure: string };
