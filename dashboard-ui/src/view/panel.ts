// SPDX-License-Identifier: BSL-1.0
import type { Facts } from '../facts.ts';
import { truncate } from '../format.ts';
import type { PanelView } from '../panel-view.ts';
import { renderBadge } from './components/badge.ts';
import { find, setText } from './dom.ts';

/** Texts of a panel's rows, by `data-field`; null hides the row. */
export type Fields = Readonly<Record<string, string | null>>;

/** Maximum length of a value in a panel. */
const maxFieldLength = 200;

export function renderPanel(panel: Element, view: PanelView, facts: Facts, fields: Fields): void {
  renderBadge(find(panel, '.badge'), view.state, view.state);
  for (const part of panel.querySelectorAll('.values, .fact, .fact-detail, .trend-value')) part.classList.toggle('dimmed', view.isDimmed);
  setText(find(panel, '.fact'), facts.main);
  setText(find(panel, '.fact-detail'), facts.detail);
  setText(find(panel, '.timing'), view.timing);
  // The elements keep their positions, so that a change of state does not move the layout.
  setText(find(panel, '.explanation'), view.explanation ?? '');
  setText(find(panel, '.age'), view.age ?? '');
  for (const [name, text] of Object.entries(fields)) renderField(panel, name, text);
}

function renderField(panel: Element, name: string, text: string | null): void {
  const field = find(panel, `[data-field="${name}"]`);
  if (text !== null) setText(field, truncate(text, maxFieldLength));
  const row = field.closest<HTMLElement>('.row');
  if (row !== null) row.hidden = text === null;
}
