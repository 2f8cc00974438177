// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { builtInVariables, parseSeconds, substitute, variablesIn } from '../check/substitute.ts';

const values = { service: '.+-service', __rate_interval: '1m', __range: '5m', __range_s: '300' };

test.each([
  ['up{job=~"$service"}', 'up{job=~".+-service"}'],
  ['up{job=~"${service}"}', 'up{job=~".+-service"}'],
  ['up{job=~"${service:regex}"}', 'up{job=~".+-service"}'],
  ['up{job=~"[[service]]"}', 'up{job=~".+-service"}'],
  ['rate(a[$__rate_interval])', 'rate(a[1m])'],
  ['increase(a[$__range]) / $__range_s', 'increase(a[5m]) / 300'],
  ['up{job=~"a$"}', 'up{job=~"a$"}'],
])('%s becomes %s', (text, substituted) => {
  expect(substitute(text, values)).toEqual({ text: substituted, unknown: [] });
});

test('a variable without a value is kept and reported, even if its name starts with a known name', () => {
  expect(substitute('up{job=~"$services"}', values)).toEqual({ text: 'up{job=~"$services"}', unknown: ['services'] });
});

test('variables are found in every notation', () => {
  expect(variablesIn('$a ${b} ${c:pipe} [[d]] $')).toEqual(['a', 'b', 'c', 'd']);
});

test('the built-in variables of Grafana are derived from the time settings', () => {
  expect(builtInVariables({ rateInterval: '1m', interval: '15s', range: '6h' })).toEqual({
    __rate_interval: '1m',
    __interval: '15s',
    __interval_ms: '15000',
    __range: '6h',
    __range_s: '21600',
    __range_ms: '21600000',
  });
});

test.each([
  ['500ms', 0.5],
  ['15s', 15],
  ['1m', 60],
  ['2h', 7200],
  ['30d', 2592000],
])('%s is %d seconds', (text, count) => {
  expect(parseSeconds(text)).toBe(count);
});

test.each([[''], ['15'], ['1h30m'], ['m']])('"%s" is an invalid duration', (text) => {
  expect(() => parseSeconds(text)).toThrow('invalid duration');
});
