import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { readBoards } from '../board-json.ts';

const boards = readBoards();
const overview = boards.find(({ uid }) => uid === 'microservices-overview');
const read = (path: string) => parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')) as unknown;

test('the overview keeps the name, the refresh and the time that its users know', () => {
  expect(overview?.title).toBe('Microservices Overview Dashboard');
  expect(overview?.refresh).toBe('5s');
  expect(overview?.time).toEqual({ from: 'now-15m', to: 'now' });
});

test('the eleven panels that its users know come first', () => {
  expect(overview?.panels.slice(0, 11).map(({ title }) => title)).toEqual([
    'Request Rate (req/s) by Service',
    'Average Response Time (ms)',
    'Time Service - Latency Percentiles',
    'Weather Service - Latency Percentiles',
    'Weather Service - Cache Performance',
    'Weather Service - Cache Hit Rate %',
    'Dashboard Service - Upstream Service Call Latency',
    'Time Service - Total Requests',
    'System Info - Total Requests',
    'Weather Service - Total Requests',
    'Dashboard - Total Requests',
  ]);
});

test('errors, saturation, alerts and availability stand right below them', () => {
  const titles = overview?.panels.slice(11, 17).map(({ title }) => title);
  expect(titles).toEqual([
    'Availability',
    'Error Share',
    'Critical Alerts',
    'Warnings',
    'Memory against Limit',
    'Event Loop Lag',
  ]);
});

test('there are four boards', () => {
  expect(boards.map(({ uid }) => uid).sort()).toEqual(['loadgen', 'microservices-overview', 'runtime', 'slo']);
});

test('the data source that boards name is the one that is provisioned', () => {
  expect(read('provisioning/datasources/prometheus.yml')).toMatchObject({
    datasources: [{ uid: 'prometheus', type: 'prometheus' }],
  });
});

test('the data source knows how often Prometheus scrapes, from which $__rate_interval is made', () => {
  const { global } = read('../prometheus/prometheus.yml') as { global: { scrape_interval: string } };
  expect(read('provisioning/datasources/prometheus.yml')).toMatchObject({
    datasources: [{ jsonData: { timeInterval: global.scrape_interval } }],
  });
});

test('provisioned boards cannot be changed in the browser, where the change would be lost', () => {
  expect(read('provisioning/dashboards/provider.yml')).toMatchObject({
    providers: [{ allowUiUpdates: false, disableDeletion: true, type: 'file' }],
  });
});
