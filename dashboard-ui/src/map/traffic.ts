// SPDX-License-Identifier: BSL-1.0
import { isObject, numberAt, objectAt, parseObject, textAt, type JsonObject } from '../json.ts';
import { readServices } from '../services.ts';

/** Totals of the calls to a service since the start of the dashboard service. */
export interface ServiceTotals {
  readonly calls: number;
  readonly failures: number;
  readonly inFlight: number;
  /** Circuit breakers, one for each event loop of the dashboard service, by state. */
  readonly closed: number;
  readonly open: number;
  readonly halfOpen: number;
  readonly addresses: number;
  readonly ejected: number;
}

/** Totals of the requests to a provider since the start of the weather service. */
export interface ProviderTotals {
  readonly name: string;
  readonly requests: number;
  readonly failures: number;
  /** Time until the provider is called again after failures. */
  readonly cooldownMs: number;
}

/** The data of a `map` event. */
export interface TrafficSample {
  /** Time of the server's monotonic clock. */
  readonly atMs: number;
  readonly services: ReadonlyMap<string, ServiceTotals>;
  /**
   * The weather providers, in the order in which they are called; empty if the weather service has only a built-in
   * report, null if they are unknown.
   */
  readonly providers: readonly ProviderTotals[] | null;
  /** Whether `providers` come from an earlier sample, because the weather service did not respond. */
  readonly areProvidersStale: boolean;
}

const maxProviders = 4;
const maxNameLength = 40;

/** Parses the data of a `map` event; null if it is malformed. */
export function parseMapEvent(data: string): TrafficSample | null {
  const body = parseObject(data);
  const atMs = body === null ? null : numberAt(body, 'at_ms');
  if (body === null || atMs === null) return null;
  const totals = objectAt(body, 'services');
  const serviceTotals = readServices((key) => {
    const service = totals[key];
    return isObject(service) ? readService(service) : null;
  });
  const list = objectAt(body, 'weather')['providers'];
  const providers = Array.isArray(list) ? (list as unknown[]).filter(isObject).slice(0, maxProviders).map(readProvider) : null;
  return { atMs, services: serviceTotals, providers, areProvidersStale: false };
}

function readService(body: JsonObject): ServiceTotals {
  const breakers = objectAt(body, 'breakers');
  return {
    calls: count(body, 'calls'),
    failures: count(body, 'failures'),
    inFlight: count(body, 'in_flight'),
    closed: count(breakers, 'closed'),
    open: count(breakers, 'open'),
    halfOpen: count(breakers, 'half_open'),
    addresses: count(body, 'addresses'),
    ejected: count(body, 'ejected'),
  };
}

function readProvider(body: JsonObject): ProviderTotals {
  return {
    name: (textAt(body, 'name') ?? 'unknown').slice(0, maxNameLength),
    requests: count(body, 'requests'),
    failures: count(body, 'failures'),
    cooldownMs: count(body, 'cooldown_ms'),
  };
}

function count(body: JsonObject, key: string): number {
  return Math.max(0, numberAt(body, key) ?? 0);
}

/** The samples of the last `windowMs`, and the sample before them. Immutable. */
export type Traffic = readonly TrafficSample[];

export const windowMs = 10_000;

/** Adds a sample. After a server restart the totals start from zero, so older samples are dropped. */
export function withSample(traffic: Traffic, sample: TrafficSample): Traffic {
  const last = traffic.at(-1);
  const known = last !== undefined && hasServerRestarted(last, sample) ? [] : traffic;
  const recent = known.findIndex((earlier) => earlier.atMs > sample.atMs - windowMs);
  const first = recent === -1 ? known.length - 1 : recent - 1;
  const kept = sample.providers === null ? (known.at(-1)?.providers ?? null) : null;
  return [...known.slice(Math.max(0, first)), kept === null ? sample : { ...sample, providers: kept, areProvidersStale: true }];
}

function hasServerRestarted(before: TrafficSample, now: TrafficSample): boolean {
  if (now.atMs <= before.atMs) return true;
  return [...now.services].some(([key, totals]) => totals.calls < (before.services.get(key)?.calls ?? 0));
}

export interface Rates {
  readonly calls: number;
  readonly failures: number;
}

/** Calls and failures per second; null without two samples. */
export function serviceRates(traffic: Traffic, key: string): Rates | null {
  return rates(traffic, (sample) => {
    const totals = sample.services.get(key);
    return totals === undefined ? null : [totals.calls, totals.failures];
  });
}

/** Like `serviceRates`, for a provider; the period starts with the first sample that contains the provider. */
export function providerRates(traffic: Traffic, name: string): Rates | null {
  return rates(traffic, (sample) => {
    const provider = sample.providers?.find((candidate) => candidate.name === name);
    return provider === undefined ? null : [provider.requests, provider.failures];
  });
}

function rates(traffic: Traffic, read: (sample: TrafficSample) => readonly [number, number] | null): Rates | null {
  const known = traffic.flatMap((sample) => {
    const totals = read(sample);
    return totals === null ? [] : [{ atMs: sample.atMs, totals }];
  });
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  const seconds = (last.atMs - first.atMs) / 1_000;
  // The counters of a restarted service start from zero.
  const perSecond = (index: 0 | 1) => Math.max(0, last.totals[index] - first.totals[index]) / seconds;
  return { calls: perSecond(0), failures: perSecond(1) };
}
