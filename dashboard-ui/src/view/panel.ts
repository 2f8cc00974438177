// SPDX-License-Identifier: BSL-1.0
import type { PanelView } from '../panel-view.ts';
import { renderBadge } from './badge.ts';
import { find, findAs, setOptional, setText } from './dom.ts';

/** Texts of a panel's rows, by `data-field`; null hides the row. */
export type Fields = Readonly<Record<string, string | null>>;

export function renderPanel(panel: Element, view: PanelView, fields: Fields): void {
  renderBadge(find(panel, '.badge'), view.state, view.state);
  find(panel, '.values').classList.toggle('dimmed', view.dimmed);
  setText(find(panel, '.timing'), view.timing);
  setOptional(findAs(panel, '.explanation', HTMLElement), view.explanation);
  setOptional(findAs(panel, '.age', HTMLElement), view.age);
  for (const [name, text] of Object.entries(fields)) renderField(panel, name, text);
}

function renderField(panel: Element, name: string, text: string | null): void {
  const field = find(panel, `[data-field="${name}"]`);
  if (text !== null) setText(field, text);
  const row = field.closest<HTMLElement>('.row');
  if (row !== null) row.hidden = text === null;
}
