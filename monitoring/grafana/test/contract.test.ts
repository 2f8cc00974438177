// SPDX-License-Identifier: BSL-1.0
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { dataSourceVariables, readDashboards } from '../dashboard-json.ts';

const dashboards = readDashboards();
const overview = dashboards.find(({ uid }) => uid === 'microservices-overview');
const readYaml = (path: string) => parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')) as unknown;

test('the overview has the title, refresh interval and time range of the contract', () => {
  expect(overview?.title).toBe('Microservices Overview Dashboard');
  expect(overview?.refresh).toBe('5s');
  expect(overview?.time).toEqual({ from: 'now-15m', to: 'now' });
});

test('the overview starts with the eleven panels of the contract', () => {
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

test('the overview then shows availability, errors, alerts and saturation', () => {
  const titles = overview?.panels.slice(11, 17).map(({ title }) => title);
  expect(titles).toEqual([
    'Availability',
    'Error Ratio',
    'Critical Alerts',
    'Warning Alerts',
    'Memory Utilization',
    'Event Loop Lag',
  ]);
});

test('there are four dashboards', () => {
  expect(dashboards.map(({ uid }) => uid).sort()).toEqual(['loadgen', 'microservices-overview', 'runtime', 'slo']);
});

test.each(dashboards)('$uid selects its Prometheus data source by a variable, without a fixed uid', (dashboard) => {
  expect(dataSourceVariables(dashboard)).toMatchObject([
    { name: 'datasource', query: 'prometheus', current: { value: 'default' } },
  ]);
  expect(JSON.stringify(dashboard)).not.toContain('"uid":"prometheus"');
});

test('the provisioned data source is the default, so that the data source variable selects it', () => {
  expect(readYaml('provisioning/datasources/prometheus.yml')).toMatchObject({
    datasources: [{ uid: 'prometheus', type: 'prometheus', isDefault: true }],
  });
});

test('the data source has the scrape interval of Prometheus, from which Grafana computes $__rate_interval', () => {
  const { global } = readYaml('../prometheus/prometheus.yml') as { global: { scrape_interval: string } };
  expect(readYaml('provisioning/datasources/prometheus.yml')).toMatchObject({
    datasources: [{ jsonData: { timeInterval: global.scrape_interval } }],
  });
});

test('provisioned dashboards are read-only in the browser, because changes would be lost', () => {
  expect(readYaml('provisioning/dashboards/provider.yml')).toMatchObject({
    providers: [{ allowUiUpdates: false, disableDeletion: true, type: 'file' }],
  });
});
