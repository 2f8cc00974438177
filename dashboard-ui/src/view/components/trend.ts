// SPDX-License-Identifier: BSL-1.0
import type { TrendView } from '../../history/history-view.ts';
import { find, setText, svg } from '../dom.ts';

/** Units of the drawing; a column is one unit wide. */
const height = 20;
const gap = 0.2;

/** Draws a share as columns. A full column is 100 %; there is no column without a value. */
export function renderTrend(root: Element, view: TrendView): void {
  setText(find(root, '.trend-value'), view.value);
  const drawing = find(root, 'svg');
  drawing.setAttribute('aria-label', view.description);
  const text = JSON.stringify(view.columns);
  if (drawing.getAttribute('data-columns') === text) return;
  drawing.setAttribute('data-columns', text);
  const path = (share: (value: number) => number) =>
    view.columns
      .flatMap((value, index) => (value === null ? [] : [`M${index} ${height}V${(height * (1 - share(value))).toFixed(1)}h${1 - gap}V${height}Z`]))
      .join('');
  drawing.replaceChildren(svg('path', { class: 'full', d: path(() => 1) }), svg('path', { class: 'share', d: path((value) => Math.min(value, 1)) }));
}
