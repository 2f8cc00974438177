// SPDX-License-Identifier: BSL-1.0
import { duration, pluralize } from '../format.ts';
import { services } from '../services.ts';
import { providerRates, serviceRates, type ProviderTotals, type Rates, type ServiceTotals, type Traffic } from './traffic.ts';

/** `idle`: no calls. `unknown`: no data. */
export type LinkState = 'ok' | 'failing' | 'open' | 'probing' | 'idle' | 'unknown';

/** An arrow of the map, with the labels above and below it. */
export interface LinkView {
  readonly from: string;
  readonly to: string;
  /** Below the name of its target, such as "3 addresses, 1 ejected"; may be empty. */
  readonly note: string;
  readonly state: LinkState;
  readonly rate: string;
  readonly detail: string;
  /** The thickness of the arrow, in pixels. */
  readonly weight: number;
}

export interface MapView {
  readonly services: readonly LinkView[];
  readonly providers: readonly LinkView[];
  /** Description of the calls to all services. */
  readonly summary: string;
  readonly rows: readonly (readonly string[])[];
  readonly isDimmed: boolean;
}

export const mapTableHead = ['From', 'To', 'Calls', 'Failures', 'Breaker', 'In flight', 'Addresses', 'Calls in total'] as const;

const dashboard = 'dashboard';
const weather = 'weather';
const none = '–';

/** Returns the texts of the map. `isLive`: whether the stream delivers events. */
export function toMapView(traffic: Traffic, isLive: boolean): MapView {
  const latest = traffic.at(-1);
  const links = services.map(({ key, name }) => {
    const totals = latest?.services.get(key);
    return totals === undefined ? unknownLink(dashboard, name) : serviceLink(name, totals, serviceRates(traffic, key));
  });
  const total = services.reduce((sum, { key }) => sum + (serviceRates(traffic, key)?.calls ?? 0), 0);
  return {
    services: links,
    providers: providerLinks(traffic),
    summary: !isLive ? 'no data' : traffic.length < 2 ? 'measuring' : describeRate(total, 'call'),
    rows: [
      ...services.map(({ key, name }, index) => serviceRow(name, links[index], latest?.services.get(key), serviceRates(traffic, key))),
      ...(latest?.providers ?? []).map((provider) => providerRow(provider, providerRates(traffic, provider.name))),
    ],
    isDimmed: !isLive || latest === undefined,
  };
}

/** A rate in calls per second or, if they are rare, per minute. */
function rateOf(perSecond: number): [number, 's' | 'min'] {
  if (perSecond < 0.095) return [Number((perSecond * 60).toPrecision(2)), 'min'];
  return [perSecond < 1 ? Number(perSecond.toFixed(2)) : Number(perSecond.toPrecision(perSecond < 100 ? 2 : 3)), 's'];
}

/** Calls per second or, if they are rare, per minute. */
export function formatRate(perSecond: number): string {
  return perSecond === 0 ? 'no calls' : rateOf(perSecond).join('/');
}

/** A rate with its noun: "no failures", "1 call/s", "0.5 failures/s". */
function describeRate(perSecond: number, noun: string): string {
  if (perSecond === 0) return `no ${noun}s`;
  const [count, unit] = rateOf(perSecond);
  return `${pluralize(count, noun)}/${unit}`;
}

/** Returns the thickness of an arrow, for rates from one call in ten seconds to 100,000 calls per second. */
function weightOf(perSecond: number): number {
  return Math.min(8, Math.max(1.5, 2.5 + Math.log10(Math.max(perSecond, 0.1))));
}

function serviceLink(name: string, totals: ServiceTotals, rates: Rates | null): LinkView {
  return {
    from: dashboard,
    to: name,
    note: describeAddresses(totals),
    state: stateOf(totals, rates),
    rate: rates === null ? none : formatRate(rates.calls),
    detail: [describeFailures(rates), describeBreakers(totals)].filter((text) => text !== '').join(' · '),
    weight: weightOf(rates?.calls ?? 0),
  };
}

function stateOf(totals: ServiceTotals, rates: Rates | null): LinkState {
  if (totals.open > 0) return 'open';
  if (totals.halfOpen > 0) return 'probing';
  if (rates === null) return 'unknown';
  if (rates.failures > 0) return 'failing';
  return rates.calls > 0 ? 'ok' : 'idle';
}

function describeFailures(rates: Rates | null): string {
  if (rates === null) return '';
  return describeRate(rates.failures, 'failure');
}

/** The state of the breakers of all loops: "breaker open on 1 of 2 loops" if they differ. */
function describeBreakers(totals: ServiceTotals): string {
  const loops = totals.closed + totals.open + totals.halfOpen;
  if (loops === 0) return '';
  const [state, count] = totals.open > 0 ? (['open', totals.open] as const) : totals.halfOpen > 0 ? (['probing', totals.halfOpen] as const) : (['closed', totals.closed] as const);
  return count === loops ? `breaker ${state}` : `breaker ${state} on ${count} of ${loops} loops`;
}

/** Returns an empty string if there is only one address. */
function describeAddresses(totals: ServiceTotals): string {
  if (totals.addresses <= 1 && totals.ejected === 0) return '';
  const ejected = totals.ejected === 0 ? '' : `, ${totals.ejected} ejected`;
  return `${pluralize(totals.addresses, 'address', 'addresses')}${ejected}`;
}

function providerLinks(traffic: Traffic): LinkView[] {
  const latest = traffic.at(-1);
  const providers = latest?.providers ?? null;
  if (latest?.areProvidersStale && providers !== null && providers.length > 0) return providers.map((provider) => unknownLink(weather, provider.name, 'no current data'));
  if (providers === null) return [unknownLink(weather, 'provider', 'unknown')];
  if (providers.length === 0) return [{ ...unknownLink(weather, 'sample'), note: 'built in', state: 'idle', rate: 'no calls' }];
  return providers.map((provider): LinkView => {
    const rates = providerRates(traffic, provider.name);
    const isPaused = provider.cooldownMs > 0;
    return {
      from: weather,
      to: provider.name,
      note: isPaused ? `paused for ${duration(Math.ceil(provider.cooldownMs / 1_000))}` : '',
      state: isPaused ? 'open' : rates !== null && rates.failures > 0 ? 'failing' : rates !== null && rates.calls > 0 ? 'ok' : 'idle',
      rate: rates === null ? none : formatRate(rates.calls),
      detail: describeProvider(provider),
      weight: weightOf(rates?.calls ?? 0),
    };
  });
}

function describeProvider(provider: ProviderTotals): string {
  if (provider.requests === 0) return 'no calls yet';
  return `${pluralize(provider.requests, 'call')} in total, ${provider.failures === 0 ? 'no failures' : pluralize(provider.failures, 'failure')}`;
}

function unknownLink(from: string, to: string, note = ''): LinkView {
  return { from, to, note, state: 'unknown', rate: none, detail: '', weight: weightOf(0) };
}

function serviceRow(name: string, link: LinkView | undefined, totals: ServiceTotals | undefined, rates: Rates | null): string[] {
  if (totals === undefined) return [dashboard, name, none, none, none, none, none, none];
  return [
    dashboard,
    name,
    link?.rate ?? none,
    rates === null ? none : rates.failures === 0 ? 'none' : formatRate(rates.failures),
    describeBreakers(totals).replace('breaker ', '') || none,
    String(totals.inFlight),
    describeAddresses(totals) || String(totals.addresses),
    String(totals.calls),
  ];
}

function providerRow(provider: ProviderTotals, rates: Rates | null): string[] {
  const paused = provider.cooldownMs > 0 ? 'paused' : none;
  return [weather, provider.name, rates === null ? none : formatRate(rates.calls), rates === null ? none : rates.failures === 0 ? 'none' : formatRate(rates.failures), paused, none, none, String(provider.requests)];
}

/** The text alternative of the map. */
export function describeMap(view: MapView): string {
  const texts = [...view.services, ...view.providers].map((link) => [`${link.from} to ${link.to}: ${link.rate}`, link.detail, link.note].filter((text) => text !== '').join(', '));
  return `Service map. ${texts.join('. ')}.`;
}
