// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { analyzeExpression, type Catalog, type Labels } from '../lint/promql.ts';

const catalog: Catalog = new Map<string, Labels>([
  ['a_total', new Set(['job', 'instance', 'x', 'y'])],
  ['b_total', new Set(['job', 'instance', 'z'])],
  ['h_bucket', new Set(['job', 'le'])],
  ['ALERTS', 'any'],
]);
const analyze = (text: string) => analyzeExpression(text, catalog);

describe('labels of a result', () => {
  test.each([
    ['a_total', ['instance', 'job', 'x', 'y']],
    ['rate(a_total{x="1"}[1m])', ['instance', 'job', 'x', 'y']],
    ['sum(a_total)', []],
    ['sum by (x, y) (rate(a_total[$__rate_interval]))', ['x', 'y']],
    ['sum(a_total) by (x)', ['x']],
    ['sum without (x) (a_total)', ['instance', 'job', 'y']],
    ['topk by (job) (3, a_total)', ['job']],
    ['histogram_quantile(0.9, sum by (job, le) (rate(h_bucket[1m]))) >= 0', ['job']],
    ['1000 * sum by (x) (a_total)', ['x']],
    ['sum by (job) (a_total) / (sum by (job) (b_total) > 0)', ['job']],
    ['a_total / on (job) b_total', ['job']],
    ['a_total / ignoring (x) b_total', ['instance', 'job', 'y']],
    ['a_total * on (job) group_left (z) b_total', ['instance', 'job', 'x', 'y', 'z']],
    ['a_total * on (job) group_right () b_total', ['instance', 'job', 'z']],
    ['a_total unless on (job) b_total', ['instance', 'job', 'x', 'y']],
    ['sum by (x) (a_total) or sum by (z) (b_total)', ['x', 'z']],
    ['{__name__=~"[ab]_total"}', ['instance', 'job', 'x', 'y', 'z']],
    ['time() - max by (job) (a_total)', ['job']],
    ['a_total offset 5m', ['instance', 'job', 'x', 'y']],
    ['vector(0)', []],
  ])('%s', (text, labels) => {
    const { labels: actual, syntaxErrors } = analyze(text);
    expect(syntaxErrors).toEqual([]);
    expect(actual === 'any' ? actual : [...actual].sort()).toEqual(labels);
  });

  test('the labels of alerts are unknown', () => {
    expect(analyze('2 * ALERTS').labels).toBe('any');
    expect(analyze('max by (job) (ALERTS)').labels).toEqual(new Set(['job']));
  });
});

test.each([['sum by (job (a_total)'], ['rate(a_total[])'], ['a_total +'], ['a_total{x=1}']])(
  '%s is a syntax error',
  (text) => {
    expect(analyze(text).syntaxErrors).not.toEqual([]);
  },
);

test('a selector matches whole metric names, by equality or by a regular expression', () => {
  const metrics = (text: string) => analyze(text).selectors.map((selector) => selector.metrics);
  expect(metrics('a_total + on (job) unknown_total')).toEqual([['a_total'], []]);
  expect(metrics('{__name__=~".+_total"}')).toEqual([['a_total', 'b_total']]);
  expect(metrics('{__name__=~"_total"}')).toEqual([[]]);
});

test('matchers are parsed into label, operator and value', () => {
  expect(analyze('a_total{x!~"1|2", y="3"}').selectors[0]?.matchers).toEqual([
    { label: 'x', operator: '!~', value: '1|2' },
    { label: 'y', operator: '=', value: '3' },
  ]);
});

test('ranges are returned with their function; variables keep their name', () => {
  expect(
    analyze('rate(a_total[$__rate_interval]) + sum_over_time(a_total[30d]) + max_over_time(a_total[$__range:5m])').ranges,
  ).toEqual([
    { function: 'rate', duration: '$__rate_interval' },
    { function: 'sum_over_time', duration: '30d' },
    { function: 'max_over_time', duration: '$__range' },
  ]);
});

test.each([
  ['sum by (z) (a_total)', ['z']],
  ['sum by (x) (sum by (job) (a_total))', ['x']],
  ['a_total / on (z) b_total', ['z']],
  ['a_total / on (x) b_total', ['x']],
  ['sum by (job) (a_total) unless on (job, y) a_total', ['y']],
  ['sum by (job) (a_total)', []],
])('unknown labels are reported: %s', (text, unknown) => {
  expect(analyze(text).unknownLabels).toEqual(unknown);
});
