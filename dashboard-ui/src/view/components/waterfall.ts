// SPDX-License-Identifier: BSL-1.0
import { deadlineLabelOffset, placeLabels, savedLabelOffset, type Label } from '../../request/labels.ts';
import type { Bar, Row, WaterfallView } from '../../request/waterfall-view.ts';
import { find, percent, setText, svg } from '../dom.ts';

/** Heights in pixels. */
const lineHeight = 22;
const barHeight = 14;
const padding = 7;
/** Minimum width of a bar, because a thinner bar would be invisible. */
const minBarWidth = 3;
/** Width of a drawing that is not yet visible. */
const fallbackWidth = 800;

/** Bars of a phase differ in height, so that they can be distinguished without color. */
const phaseHeights = { queued: 4, connect: 8, tls: 8, wait: barHeight, read: barHeight } as const;

/** Draws the rows. `shouldAnimate`: animates the bars of attempts that exceeded the deadline. */
export function renderWaterfall(figure: HTMLElement, view: WaterfallView, description: string, shouldAnimate: boolean): void {
  figure.classList.toggle('snap', shouldAnimate);
  const width = find(figure, '.axis').clientWidth || fallbackWidth;
  find(figure, '.lanes').setAttribute('aria-label', description);
  find(figure, '.axis').replaceChildren(...view.ticks.map(drawTick));
  const list = find(figure, '.lanes');
  view.rows.forEach((row, index) => renderRow(list.children[index] ?? list.appendChild(createRow()), row, view, width));
  while (list.children.length > Math.max(view.rows.length, 1)) list.lastElementChild?.remove();
}

/** Updates only the saved time of the rows, so that the animation of a deadline continues. */
export function updateSavedTime(figure: HTMLElement, view: WaterfallView): void {
  const width = find(figure, '.axis').clientWidth || fallbackWidth;
  const list = find(figure, '.lanes');
  view.rows.forEach((row, index) => {
    const drawing = list.children[index]?.querySelector('svg');
    if (!drawing || row.saved === null || row.deadline === null) return;
    for (const area of drawing.querySelectorAll('.saved-time-ground, .saved-time')) area.setAttribute('width', percent(row.saved.until - row.deadline));
    drawing.querySelector('.saved-time-label')?.remove();
    drawing.append(...drawSavedLabel(row, Number(drawing.getAttribute('height')), width));
  });
}

function createRow(): Element {
  const row = document.createElement('div');
  row.className = 'lane';
  const name = document.createElement('span');
  name.className = 'lane-name';
  const result = document.createElement('span');
  result.className = 'lane-result';
  row.append(name, svg('svg', { height: lineHeight + padding, width: '100%', 'aria-hidden': 'true' }), result);
  return row;
}

function renderRow(element: Element, row: Row, view: WaterfallView, width: number): void {
  element.setAttribute('data-state', row.state);
  setText(find(element, '.lane-name'), row.name);
  setText(find(element, '.lane-result'), row.result);
  const drawing = find(element, 'svg');
  const height = row.lines * lineHeight + padding;
  drawing.setAttribute('height', String(height));
  drawing.replaceChildren(
    ...view.ticks.map((tick) => svg('line', { class: 'grid', x1: percent(tick.at), x2: percent(tick.at), y1: 0, y2: height })),
    ...drawSavedTime(row, height),
    svg('line', { class: 'await', x1: percent(row.from), x2: percent(row.to), y1: padding / 2 + lineHeight / 2, y2: padding / 2 + lineHeight / 2 }),
    ...row.bars.map(drawBar),
    ...placeLabels(row, width).flatMap((label, index) => drawLabel(row.bars[index], label, width)),
    ...(row.bars.length === 0 ? [svg('text', { class: 'note', x: percent(row.to), dx: 8, y: height / 2, dy: 4 }, row.result)] : []),
    ...deadline(row, height, width),
    ...drawSavedLabel(row, height, width),
  );
}

function drawTick(tick: { at: number; label: string }): Node {
  // On a short axis, this label would overlap the label of 0.
  const isClose = tick.at > 0 && tick.at < 0.08;
  const anchor = tick.at === 0 ? 'start' : 'middle';
  return svg('text', { x: percent(tick.at), y: 12, 'text-anchor': anchor, ...(isClose && { class: 'close-tick' }) }, tick.label);
}

/** Draws the saved waiting time after the deadline. */
function drawSavedTime(row: Row, height: number): Node[] {
  if (row.saved === null || row.deadline === null) return [];
  const at = { x: percent(row.deadline), y: 0, width: percent(row.saved.until - row.deadline), height };
  return [svg('rect', { class: 'saved-time-ground', ...at }), svg('rect', { class: 'saved-time', ...at, fill: 'url(#hatch)' })];
}

function deadline(row: Row, height: number, width: number): Node[] {
  if (row.deadline === null) return [];
  const x = percent(row.deadline);
  return [
    svg('line', { class: 'deadline', x1: x, x2: x, y1: 0, y2: height }),
    svg('text', { class: 'deadline-label', x, y: height / 2, dx: deadlineLabelOffset(row, width), dy: 4 }, row.deadlineLabel),
  ];
}

function drawSavedLabel(row: Row, height: number, width: number): Node[] {
  const offset = savedLabelOffset(row, width);
  if (offset === null) return [];
  return [svg('text', { class: 'saved-time-label', x: percent(row.deadline ?? 0), y: height / 2, dx: offset, dy: 4 }, row.saved?.label ?? '')];
}

function drawBar(bar: Bar): Node {
  const middle = middleOf(bar);
  const top = middle - barHeight / 2;
  const group = svg('g', { class: `attempt is-${bar.end}${bar.isHedge ? ' hedge' : ''}` });
  for (const segment of bar.segments) {
    const height = phaseHeights[segment.phase];
    const width = segment.to - segment.from;
    const box = { x: percent(segment.from), y: middle - height / 2, width: percent(width), height };
    group.append(svg('rect', { class: segment.phase, ...box }, svg('title', {}, segment.title)));
  }
  // A very short attempt has the minimum visible width.
  if (bar.to - bar.from < 0.004) group.append(svg('rect', { class: 'wait', x: percent(bar.from), y: top, width: minBarWidth, height: barHeight }));
  if (bar.end === 'deadline') group.append(svg('rect', { class: 'cut', x: percent(bar.to), y: top - 3, width: 3, height: barHeight + 6 }));
  if (bar.end === 'cancelled' || bar.end === 'failed') group.append(cross(bar.to, middle));
  return group;
}

function cross(at: number, middle: number): Node {
  const mark = svg('svg', { x: percent(at), y: middle - 6, width: 12, height: 12, overflow: 'visible' });
  mark.append(svg('path', { class: 'cross', d: 'M-4 1l9 9M5 1l-9 9' }));
  return mark;
}

function drawLabel(bar: Bar | undefined, label: Label | null, width: number): Node[] {
  if (bar === undefined || label === null) return [];
  const at = { x: percent(label.x / width), y: middleOf(bar), dy: 4, 'text-anchor': label.anchor };
  return [svg('text', { class: `note${label.isInside ? ' inside' : ''}`, ...at }, bar.label)];
}

function middleOf(bar: Bar): number {
  return padding / 2 + bar.line * lineHeight + lineHeight / 2;
}
