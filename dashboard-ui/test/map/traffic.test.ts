// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { describeMap, formatRate, toMapView } from '../../src/map/map-view.ts';
import { parseMapEvent, providerRates, serviceRates, withSample, type Traffic, type TrafficSample } from '../../src/map/traffic.ts';
import { mapBody } from '../samples/maps.ts';

function parse(body: object): TrafficSample {
  const sample = parseMapEvent(JSON.stringify(body));
  if (sample === null) throw new Error('malformed');
  return sample;
}

const traffic = (...bodies: object[]): Traffic => bodies.map(parse).reduce(withSample, [] as Traffic);

describe('parseMapEvent', () => {
  test('a map event is rejected unless the data is an object with a time', () => {
    for (const text of ['', '[]', '{}', '{"at_ms":"1"}']) expect(parseMapEvent(text)).toBeNull();
  });

  test('missing and invalid counts of a map event are zero, and unknown services are ignored', () => {
    const sample = parse({ at_ms: 1, services: { time_service: { calls: -3, failures: '1' }, other: {} }, weather: { providers: [null, { name: 7 }] } });
    expect([...sample.services.keys()]).toEqual(['time_service']);
    expect(sample.services.get('time_service')).toMatchObject({ calls: 0, failures: 0, open: 0, addresses: 0 });
    expect(sample.providers).toEqual([{ name: '7', requests: 0, failures: 0, cooldownMs: 0 }]);
  });

  test('the number of providers and the length of their names are limited', () => {
    const providers = Array.from({ length: 100 }, () => ({ name: 'x'.repeat(1_000) }));
    const sample = parse({ at_ms: 1, weather: { providers } });
    expect(sample.providers?.length).toBe(4);
    expect(sample.providers?.[0]?.name.length).toBe(40);
  });
});

describe('rates', () => {
  test('rates are differences per second, over the last ten seconds', () => {
    const samples = traffic(...Array.from({ length: 60 }, (_, i) => mapBody({ atMs: 2_000 * i, calls: 6 * i, failures: i })));
    expect(samples.length).toBe(6);
    expect(serviceRates(samples, 'weather_service')).toEqual({ calls: 3, failures: 0.5 });
  });

  test('rates are unknown with one sample, and are reset by a restart of the server', () => {
    const before = traffic(mapBody({ atMs: 8_000, calls: 90 }), mapBody({ atMs: 10_000, calls: 100 }));
    expect(serviceRates(before, 'time_service')).not.toBeNull();
    for (const restartedBody of [mapBody({ atMs: 12_000, calls: 1 }), mapBody({ atMs: 1_000, calls: 200 })]) {
      expect(withSample(before, parse(restartedBody)).length).toBe(1);
    }
  });

  test('after a pause, rates refer to the period since the last sample before the pause', () => {
    const samples = traffic(mapBody({ atMs: 0, calls: 0 }), mapBody({ atMs: 2_000, calls: 4 }), mapBody({ atMs: 60_000, calls: 120 }));
    expect(serviceRates(samples, 'time_service')?.calls).toBe(2);
  });

  test('rates of a provider are not negative after a restart of the weather service', () => {
    const samples = traffic(mapBody({ atMs: 0, requests: 50 }), mapBody({ atMs: 2_000, requests: 0 }));
    expect(providerRates(samples, 'wttr.in')).toEqual({ calls: 0, failures: 0 });
  });
});

describe('toMapView', () => {
  const link = (view: ReturnType<typeof toMapView>, to: string) => [...view.services, ...view.providers].find((candidate) => candidate.to === to);

  test('each arrow of the map has a rate, failures and the state of the breaker', () => {
    const view = toMapView(traffic(mapBody({ atMs: 0 }), mapBody({ atMs: 2_000, calls: 7, failures: 1 })), true);
    expect(link(view, 'time')).toMatchObject({ from: 'dashboard', state: 'failing', rate: '3.5/s', detail: '0.5 failures/s · breaker closed' });
    expect(view.summary).toBe('11 calls/s');
    expect(describeMap(view)).toContain('dashboard to time: 3.5/s, 0.5 failures/s · breaker closed.');
    expect(view.rows[0]).toEqual(['dashboard', 'time', '3.5/s', '0.5/s', 'closed', '0', '1', '7']);
  });

  test('the map uses the singular for a rate of one', () => {
    const view = (calls: number, failures: number, seconds: number) => toMapView(traffic(mapBody({ atMs: 0 }), mapBody({ atMs: 1_000 * seconds, calls, failures })), true);
    const mapView = view(1, 1, 1);
    expect(link(mapView, 'time')).toMatchObject({ rate: '1/s', detail: '1 failure/s · breaker closed' });
    expect(mapView.summary).toBe('3 calls/s');
    expect(view(2, 0, 6).summary).toBe('1 call/s');
    expect(link(view(1, 1, 60), 'time')?.detail).toBe('1 failure/min · breaker closed');
    expect(link(view(0, 0, 1), 'time')?.detail).toBe('no failures · breaker closed');
    expect(view(0, 0, 1).summary).toBe('no calls');
  });

  test('the map shows an open breaker, even if it is open on some loops only', () => {
    const mapView = toMapView(traffic(mapBody({ atMs: 0 }), mapBody({ atMs: 2_000, open: 1 })), true);
    expect(link(mapView, 'weather')).toMatchObject({ state: 'open', detail: 'no failures · breaker open on 1 of 2 loops' });
    const probingView = toMapView(traffic(mapBody({ atMs: 0, closed: 0, halfOpen: 1 })), true);
    expect(link(probingView, 'weather')).toMatchObject({ state: 'probing', detail: 'breaker probing' });
  });

  test('the map shows replicas only if there are several', () => {
    expect(link(toMapView(traffic(mapBody({ atMs: 0 })), true), 'system')?.note).toBe('');
    expect(link(toMapView(traffic(mapBody({ atMs: 0, addresses: 3, ejected: 1 })), true), 'system')?.note).toBe('3 addresses, 1 ejected');
  });

  test('the map shows a provider in its cooldown as paused', () => {
    const view = toMapView(traffic(mapBody({ atMs: 0, requests: 3, providerFailures: 2, cooldownMs: 4_200 })), true);
    expect(link(view, 'wttr.in')).toMatchObject({ state: 'open', note: 'paused for 5 s', detail: '3 calls in total, 2 failures' });
  });

  test('the map distinguishes a built-in sample from unknown providers', () => {
    const sample = toMapView(traffic({ ...mapBody({ atMs: 0 }), weather: { providers: [] } }), true);
    expect(sample.providers).toMatchObject([{ to: 'sample', note: 'built in' }]);
    const unknown = toMapView(traffic({ ...mapBody({ atMs: 0 }), weather: null }), true);
    expect(unknown.providers).toMatchObject([{ to: 'provider', state: 'unknown' }]);
  });

  test('the map keeps the names of providers while the weather service does not respond', () => {
    const view = toMapView(traffic(mapBody({ atMs: 0, requests: 3 }), { ...mapBody({ atMs: 2_000 }), weather: null }, { ...mapBody({ atMs: 60_000 }), weather: null }), true);
    expect(view.providers).toMatchObject([
      { to: 'wttr.in', state: 'unknown', rate: '–', note: 'no current data' },
      { to: 'open-meteo', state: 'unknown' },
    ]);
  });

  test('without data, the map is dimmed and has no rates', () => {
    expect(toMapView([], true)).toMatchObject({ isDimmed: true, summary: 'measuring' });
    expect(toMapView([], true).services.map((service) => service.rate)).toEqual(['–', '–', '–']);
    expect(toMapView(traffic(mapBody({ atMs: 0 })), false)).toMatchObject({ isDimmed: true, summary: 'no data' });
  });
});

test.each([
  [0, 'no calls'],
  [0.02, '1.2/min'],
  [0.666, '0.67/s'],
  [0.099, '0.1/s'],
  [12.34, '12/s'],
  [1_234.5, '1230/s'],
])('a rate of %d is shown as %s', (rate, text) => expect(formatRate(rate)).toBe(text));
