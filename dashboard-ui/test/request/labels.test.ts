// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { deadlineLabelOffset, placeLabels, savedLabelOffset } from '../../src/request/labels.ts';
import type { Bar } from '../../src/request/waterfall-view.ts';

const bar = (from: number, to: number, label: string, line = 0): Bar => ({ line, from, to, label, segments: [], isHedge: false, end: 'failed' });

const exceededRow = { bars: [bar(0, 0.5, 'deadline exceeded (504)')], deadline: 0.5 };

test('a label is drawn inside a long bar, and omitted if it does not fit there', () => {
  expect(placeLabels(exceededRow, 1_000)).toEqual([{ x: 492, anchor: 'end', isInside: true }]);
  // The time after the deadline is reserved for the label of the deadline.
  expect(placeLabels(exceededRow, 250)).toEqual([null]);
});

test('the labels of a call that ended shortly after its deadline do not cover the deadline', () => {
  const late = { bars: [{ ...bar(0, 0.51, 'deadline exceeded'), end: 'deadline' as const }], deadline: 0.5 };
  expect(placeLabels(late, 1_000)).toEqual([{ x: 492, anchor: 'end', isInside: true }]);
  expect(deadlineLabelOffset(late, 1_000)).toBe(18);
  expect(deadlineLabelOffset({ ...late, deadline: 0.51 }, 1_000)).toBe(8);
  // Bars that end at other positions do not move the label.
  expect(deadlineLabelOffset({ bars: [bar(0, 0.2, ''), bar(0, 0.9, '', 1)], deadline: 0.5 }, 1_000)).toBe(5);
});

test('the label of the saved time follows the label of the deadline if the saved time is long enough', () => {
  const row = { ...exceededRow, deadlineLabel: '2 s', saved: { until: 1, label: '962 ms saved' } };
  // The labels of three and of twelve characters, and the gaps before them.
  expect(savedLabelOffset(row, 1_000)).toBe(39);
  expect(savedLabelOffset(row, 246)).toBe(39);
  expect(savedLabelOffset(row, 240)).toBeNull();
  expect(savedLabelOffset({ ...row, saved: { until: 0.6, label: '962 ms saved' } }, 1_000)).toBeNull();
  expect(savedLabelOffset({ ...row, saved: null }, 1_000)).toBeNull();
});

test('a label is after a short bar, or before the bar if the deadline is close', () => {
  expect(placeLabels({ bars: [bar(0.1, 0.2, 'reset')], deadline: 0.9 }, 1_000)).toEqual([{ x: 212, anchor: 'start', isInside: false }]);
  expect(placeLabels({ bars: [bar(0.8, 0.88, 'HTTP 503')], deadline: 0.9 }, 1_000)).toEqual([{ x: 792, anchor: 'end', isInside: false }]);
});

test('labels of a line cover neither each other nor a bar', () => {
  const close = { bars: [bar(0.1, 0.2, 'connect error'), bar(0.5, 0.51, 'retry, connect error'), bar(0.55, 0.56, 'retry, connect error')], deadline: 0.95 };
  expect(placeLabels(close, 1_000)).toEqual([
    { x: 212, anchor: 'start', isInside: false },
    // The third bar is too close for a label after the second bar.
    { x: 492, anchor: 'end', isInside: false },
    { x: 572, anchor: 'start', isInside: false },
  ]);
  expect(placeLabels(close, 380).map((label) => label && Math.round(label.x))).toEqual([88, null, null]);
  // Bars on other lines do not move the label.
  const stackedRow = { bars: [bar(0.1, 0.2, 'reset'), bar(0.22, 0.4, 'hedge cancelled', 1)], deadline: null };
  expect(placeLabels(stackedRow, 1_000).map((label) => label?.x)).toEqual([212, 412]);
});
