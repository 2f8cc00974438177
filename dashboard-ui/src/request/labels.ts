// SPDX-License-Identifier: BSL-1.0
import type { Bar, Row } from './waterfall-view.ts';

/** The place of a label, in pixels from the start of the row. */
export interface Label {
  readonly x: number;
  readonly anchor: 'start' | 'end';
  readonly isInside: boolean;
}

/** Upper estimate of the character width at a font size of 12 pixels. */
const characterWidth = 7;
const gap = 10;
/** Distance of the deadline's label from the deadline, and from the mark at the end of a bar. */
const deadlineGap = 5;
const markWidth = 3;

/**
 * Places the labels of a row in a drawing with a width of `width` pixels: inside a long bar, otherwise after or before
 * the bar. Labels do not overlap the deadline, or other bars and labels of the same line. Returns one element for each
 * bar; null if the label does not fit. The result of the row and the table also contain the text of the label.
 */
export function placeLabels(row: Pick<Row, 'bars' | 'deadline'>, width: number): (Label | null)[] {
  const usedLineEnds: number[] = [];
  return row.bars.map((bar, index) => {
    const used = usedLineEnds[bar.line] ?? 0;
    const place = placeLabel(bar, { from: used, to: freeSpaceEnd(row, index) * width }, width, (row.deadline ?? 1) * width);
    const end = place === null || place.isInside || place.anchor === 'end' ? bar.to * width : place.x + textWidth(bar);
    usedLineEnds[bar.line] = Math.max(used, end);
    return place;
  });
}

/**
 * The distance from the deadline to its label, in pixels. The label is placed after bars that end at the deadline
 * or shortly after it.
 */
export function deadlineLabelOffset(row: Pick<Row, 'bars' | 'deadline'>, width: number): number {
  const deadline = (row.deadline ?? 0) * width;
  const ends = row.bars.map((bar) => bar.to * width + markWidth - deadline);
  return deadlineGap + Math.max(0, ...ends.filter((end) => end > 0 && end < 4 * characterWidth));
}

/**
 * The distance in pixels between the deadline and the label of the saved time, which follows the label of the deadline;
 * null if the label does not fit.
 */
export function savedLabelOffset(row: Pick<Row, 'bars' | 'deadline' | 'deadlineLabel' | 'saved'>, width: number): number | null {
  if (row.saved === null || row.deadline === null) return null;
  const offset = deadlineLabelOffset(row, width) + row.deadlineLabel.length * characterWidth + gap;
  const fits = offset + row.saved.label.length * characterWidth <= (row.saved.until - row.deadline) * width;
  return fits ? offset : null;
}

function placeLabel(bar: Bar, free: { from: number; to: number }, width: number, deadline: number): Label | null {
  if (bar.label === '') return null;
  const [from, to, text] = [bar.from * width, bar.to * width, textWidth(bar)];
  const fitsInside = to - from >= text + gap;
  // A timed-out call ends a few milliseconds after its deadline.
  const insideLabel: Label = { x: (bar.end === 'deadline' ? Math.min(to, deadline) : to) - 8, anchor: 'end', isInside: true };
  if (fitsInside && bar.to - bar.from > 0.25) return insideLabel;
  if (free.to - to >= text + gap + 4) return { x: to + 12, anchor: 'start', isInside: false };
  if (from - free.from >= text + gap) return { x: from - 8, anchor: 'end', isInside: false };
  return fitsInside ? insideLabel : null;
}

/** The start of the next element on the line: the next bar, the deadline, or the end of the drawing. */
function freeSpaceEnd(row: Pick<Row, 'bars' | 'deadline'>, index: number): number {
  const bar = row.bars[index];
  if (bar === undefined) return 1;
  const next = row.bars.slice(index + 1).find((other) => other.line === bar.line);
  const deadline = row.deadline !== null && row.deadline >= bar.to - 0.005 ? row.deadline : 1;
  return Math.min(next?.from ?? 1, deadline);
}

function textWidth(bar: Bar): number {
  return bar.label.length * characterWidth;
}
