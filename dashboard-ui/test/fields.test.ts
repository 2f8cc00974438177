// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { systemFacts, weatherFacts } from '../src/facts.ts';
import { systemFields, timeFields, weatherFields } from '../src/fields.ts';
import { parseAggregateEvent } from '../src/parse.ts';
import { aggregateBody, systemBody, weatherBody } from './samples/bodies.ts';

function parsed(changes: object) {
  const aggregate = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
  if (aggregate === null) throw new Error('malformed');
  return aggregate;
}

test('unknown values are N/A or hidden', () => {
  const empty = parsed({ sysinfo_service: {}, weather_service: {} });
  for (const fields of [timeFields(null), systemFields(empty.system.value), weatherFields(empty.weather.value, 0)]) {
    for (const text of Object.values(fields)) expect(['N/A', null]).toContain(text);
  }
});

test('a single CPU is shown in the singular', () => {
  const facts = (count: number) => systemFacts(parsed({ sysinfo_service: { ...systemBody, cpu_count: count } }).system.value).detail;
  expect(facts(1)).toContain(' on 1 CPU · ');
  expect(facts(2)).toContain(' on 2 CPUs · ');
});

test('the limits of a container are shown if they exist', () => {
  expect(systemFields(parsed({}).system.value)).toMatchObject({
    cgroup_memory_limit_gb: null,
    cgroup_memory_used_gb: null,
    cgroup_cpu_limit: null,
  });
  const limited = { ...systemBody, cgroup_memory_limit_gb: 0.25, cgroup_cpu_limit: 1.5, cgroup_memory_used_gb: 0.1, cgroup_memory_percent: 40 };
  expect(systemFields(parsed({ sysinfo_service: limited }).system.value)).toMatchObject({
    cgroup_memory_limit_gb: '0.25 GiB',
    cgroup_memory_used_gb: '0.10 GiB (40.0 %)',
    cgroup_cpu_limit: '1.5 CPU',
  });
});

test('system values have units', () => {
  expect(systemFields(parsed({}).system.value)).toMatchObject({
    memory_percent: '53.2 %',
    load_average: '0.50 · 0.25 · 1.00',
    uptime_seconds: '1 d 2 h',
  });
});

test.each([
  [{ cached: false, cache_age_seconds: undefined }, 'no'],
  [{ cached: true, cache_age_seconds: 75 }, 'yes, 1 min 15 s old'],
  [{ cached: true, cache_age_seconds: undefined }, 'yes'],
  [{ cached: undefined }, 'N/A'],
])('the cache text for %j is %s', (changes, text) => {
  const report = parsed({ weather_service: { ...weatherBody, ...changes } }).weather.value;
  expect(weatherFields(report, 0)).toMatchObject({ cached: text, stale: null, error: null });
});

test('the age of a report increases after its reception', () => {
  const report = parsed({ weather_service: { ...weatherBody, cached: true, cache_age_seconds: 5 } }).weather.value;
  expect(weatherFacts(report, 59_500).detail).toMatch(/ · 1 min 4 s old$/);
  expect(weatherFields(report, 59_500)).toMatchObject({ cached: 'yes, 1 min 4 s old' });
});

test('a stale report shows its state and error', () => {
  const report = parsed({ weather_service: { ...weatherBody, stale: true, error: 'why' } }).weather.value;
  expect(weatherFields(report, 0)).toMatchObject({ stale: 'yes, older than its maximum age', error: 'why' });
});

test('a sample report is marked', () => {
  const report = parsed({ weather_service: { ...weatherBody, sample: true } }).weather.value;
  expect(weatherFields(report, 0)).toMatchObject({ sample: 'yes, built-in data' });
  expect(weatherFacts(report, 0).detail).toMatch(/^Sample data for Haifa, Israel/);
  for (const sample of [false, 'true', 1, undefined]) {
    const other = parsed({ weather_service: { ...weatherBody, sample } }).weather.value;
    expect(weatherFields(other, 0)).toMatchObject({ sample: null });
    expect(weatherFacts(other, 0).detail).toMatch(/^Haifa, Israel/);
  }
});

test('a report for a different place shows the name of the place', () => {
  const location = { ...weatherBody.location, nearest_area: { city: 'Oymyakon', country: 'Russia' } };
  const report = parsed({ weather_service: { ...weatherBody, location } }).weather.value;
  expect(weatherFields(report, 0)).toMatchObject({ location: 'Haifa, Israel', nearest_area: 'Oymyakon, Russia' });
  expect(weatherFields(parsed({}).weather.value, 0)).toMatchObject({ nearest_area: null });
});

test('a region is shown between city and country', () => {
  const location = { city: 'Washington', region: 'DC', country: 'USA' };
  const report = parsed({ weather_service: { ...weatherBody, location } }).weather.value;
  expect(weatherFields(report, 0)).toMatchObject({ location: 'Washington, DC, USA' });
});
