// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { age, duration, formatFixed, joinAvailable, formatLocalMinute, milliseconds, formatQuantity, formatShare, formatTimeOfDay, timing, truncate } from '../src/format.ts';

test.each([
  [0, '0 s'],
  [-3, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [61, '1 min 1 s'],
  [3_600, '1 h'],
  [3_605, '1 h'],
  [93_784, '1 d 2 h'],
  [8_640_000, '100 d'],
])('a duration of %d seconds is shown as %j', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('a share is shown as 0 or 100 % only if it has exactly this value', () => {
  expect([0, 0.001, 0.053, 0.999, 1, 2.5].map(formatShare)).toEqual(['0 %', '<1 %', '5 %', '>99 %', '100 %', '250 %']);
});

test('a missing quantity has no unit', () => {
  expect([formatQuantity(null, '°C'), formatQuantity('N/A', '°C'), formatFixed(null, 2, 'GiB')]).toEqual(['N/A', 'N/A', 'N/A']);
  expect([formatQuantity('21', '°C'), formatFixed(15.5, 2, 'GiB'), formatQuantity(0)]).toEqual(['21 °C', '15.50 GiB', '0']);
});

test.each([
  [12.4, 3000, '12 ms of 3 s'],
  [null, 3000, 'N/A of 3 s'],
  [null, null, 'N/A'],
])('a call of %s ms with a timeout of %s ms is shown as %j', (elapsed, deadline, text) => {
  expect(timing(elapsed, deadline)).toBe(text);
});

test('the time of day is extracted only from complete timestamps', () => {
  expect(formatTimeOfDay('2025-03-09 14:05:06')).toBe('14:05:06');
  expect(formatTimeOfDay('half past two')).toBe('half past two');
});

test('an age is shown in whole seconds', () => {
  expect(age(4_999)).toBe('updated 4 s ago');
  expect(age(125_000)).toBe('updated 2 min ago');
});

test('a list omits missing values', () => {
  expect([joinAvailable('Haifa', null), joinAvailable('Haifa', 'Israel'), joinAvailable(null, null)]).toEqual(['Haifa', 'Haifa, Israel', 'N/A']);
});

test('a time is shown in the local time zone', () => {
  expect(formatLocalMinute(new Date(2026, 5, 1, 3, 7, 59).toISOString())).toBe('2026-06-01 03:07');
  expect([formatLocalMinute(null), formatLocalMinute('soon')]).toEqual(['N/A', 'N/A']);
});

test.each([
  [0, '0 s'],
  [0.4118, '412 µs'],
  [0.9996, '1 ms'],
  [4.06, '4.1 ms'],
  [41.3, '41 ms'],
  [999.6, '1 s'],
  [2_047, '2.05 s'],
  [5_000, '5 s'],
  [65_000, '65 s'],
  [120_000, '2 min'],
])('%s ms are shown as %j', (value, text) => {
  expect(milliseconds(value)).toBe(text);
});

test('a truncated text ends with an ellipsis', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdefg', 6)).toBe('abcde…');
  expect(truncate('🌦'.repeat(9), 3)).toBe('🌦🌦…');
});
