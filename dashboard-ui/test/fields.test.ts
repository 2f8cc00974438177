import { expect, test } from 'vitest';
import { systemFields, timeFields, weatherFields } from '../src/fields.ts';
import { parseAggregateEvent } from '../src/parse.ts';
import { aggregateBody, systemBody, weatherBody } from './bodies.ts';

function parsed(changes: object) {
  const aggregate = parseAggregateEvent(JSON.stringify({ ...aggregateBody, ...changes }));
  if (aggregate === null) throw new Error('malformed');
  return aggregate;
}

test('values that are not known read N/A or are left out', () => {
  const empty = parsed({ sysinfo_service: {}, weather_service: {} });
  for (const fields of [timeFields(null), systemFields(empty.system.value), weatherFields(empty.weather.value)]) {
    for (const text of Object.values(fields)) expect(['N/A', null]).toContain(text);
  }
});

test('the limits of a container are shown only where there are some', () => {
  expect(systemFields(parsed({}).system.value)).toMatchObject({ cgroup_memory_limit_gb: null, cgroup_cpu_limit: null });
  const limited = { ...systemBody, cgroup_memory_limit_gb: 0.25, cgroup_cpu_limit: 1.5 };
  expect(systemFields(parsed({ sysinfo_service: limited }).system.value)).toMatchObject({
    cgroup_memory_limit_gb: '0.25 GiB',
    cgroup_cpu_limit: '1.5 CPU',
  });
});

test('the system is described in words and units', () => {
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
])('a report with %j is from the cache: %s', (changes, text) => {
  const report = parsed({ weather_service: { ...weatherBody, ...changes } }).weather.value;
  expect(weatherFields(report)).toMatchObject({ cached: text, stale: null, error: null });
});

test('a stale report shows that it is, and why', () => {
  const report = parsed({ weather_service: { ...weatherBody, stale: true, error: 'why' } }).weather.value;
  expect(weatherFields(report)).toMatchObject({ stale: 'yes, served past its time', error: 'why' });
});
