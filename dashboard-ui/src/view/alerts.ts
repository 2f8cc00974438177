// SPDX-License-Identifier: BSL-1.0
import type { AlertsPanelState, AlertsView, AlertView } from '../alerts/alerts-view.ts';
import { renderBadgeStyle, type BadgeStyle } from './components/badge.ts';
import { find, findAs, setOptionalText, setText } from './dom.ts';

const badgeStyles: Record<AlertsPanelState, BadgeStyle> = {
  critical: { icon: 'critical', tone: 'bad' },
  warning: { icon: 'warning', tone: 'warn' },
  info: { icon: 'info', tone: 'idle' },
  other: { icon: 'question', tone: 'idle' },
  none: { icon: 'check', tone: 'good' },
  silent: { icon: 'no-monitoring', tone: 'bad' },
  unknown: { icon: 'dots', tone: 'idle' },
  stale: { icon: 'clock', tone: 'warn' },
  waiting: { icon: 'dots', tone: 'idle' },
};

const resolvedStyle: BadgeStyle = { icon: 'check', tone: 'good' };

export function renderAlerts(panel: Element, view: AlertsView): void {
  renderBadgeStyle(find(panel, '.badge'), badgeStyles[view.state], view.label);
  panel.classList.toggle('dimmed', view.isDimmed);
  const explanation = findAs(panel, '.explanation', HTMLElement);
  setText(explanation, view.explanation);
  explanation.classList.toggle('no-monitoring', view.isSilent);
  setOptionalText(findAs(panel, '.age', HTMLElement), view.age);
  setOptionalText(findAs(panel, '.not-shown', HTMLElement), view.notShown);

  const firing = findAs(panel, '#firing', HTMLElement);
  firing.hidden = view.firing.length === 0;
  renderList(firing, view.firing.slice(0, view.shown), (alert) => badgeStyles[alert.severity]);
  const more = findAs(panel, '#more', HTMLElement);
  more.hidden = view.moreLabel === null;
  setText(find(more, 'summary'), view.moreLabel ?? '');
  renderList(find(more, 'ul'), view.firing.slice(view.shown), (alert) => badgeStyles[alert.severity]);

  const resolved = findAs(panel, '#resolved', HTMLElement);
  resolved.hidden = view.resolved.length === 0;
  setText(find(resolved, 'summary'), view.resolvedLabel);
  renderList(find(resolved, 'ul'), view.resolved, () => resolvedStyle);
}

/** Reuses the elements of known alerts, which preserves focus, selection and opened details. */
function renderList(list: Element, alerts: readonly AlertView[], styleOf: (alert: AlertView) => BadgeStyle): void {
  const existingItems = new Map(Array.from(list.children, (item) => [item.getAttribute('data-key'), item]));
  alerts.forEach((alert, index) => {
    const item = existingItems.get(alert.key) ?? createItem(alert.key);
    existingItems.delete(alert.key);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    renderAlert(item, alert, styleOf(alert));
  });
  for (const obsolete of existingItems.values()) obsolete.remove();
}

function createItem(key: string): Element {
  const template = findAs(document, '#alert', HTMLTemplateElement);
  const item = find(template.content, 'li').cloneNode(true) as Element;
  item.setAttribute('data-key', key);
  return item;
}

function renderAlert(item: Element, alert: AlertView, style: BadgeStyle): void {
  item.setAttribute('data-tone', style.tone);
  renderBadgeStyle(find(item, '.badge'), style, alert.severityLabel);
  setText(find(item, 'h3'), alert.name);
  setOptionalText(findAs(item, '.alert-service', HTMLElement), alert.service);
  setOptionalText(findAs(item, '.alert-summary', HTMLElement), alert.summary);
  setText(find(item, '.alert-since span'), alert.since);
  const time = findAs(item, 'time', HTMLTimeElement);
  setText(time, alert.time);
  if (alert.dateTime !== null) time.dateTime = alert.dateTime;
  setOptionalText(findAs(item, '.alert-stale', HTMLElement), alert.stale);
  renderRunbook(findAs(item, 'a', HTMLAnchorElement), alert);
  setOptionalText(findAs(item, '.alert-description', HTMLElement), alert.description);
  renderLabels(findAs(item, '.alert-labels', HTMLElement), alert.labels);
}

function renderRunbook(link: HTMLAnchorElement, alert: AlertView): void {
  link.hidden = alert.runbook === null;
  if (alert.runbook === null) link.removeAttribute('href');
  else if (link.getAttribute('href') !== alert.runbook) link.setAttribute('href', alert.runbook);
  setText(find(link, 'span'), ` for ${alert.name}, in a new tab`);
}

function renderLabels(list: HTMLElement, labels: AlertView['labels']): void {
  const text = JSON.stringify(labels);
  if (list.getAttribute('data-labels') === text) return;
  list.setAttribute('data-labels', text);
  list.replaceChildren(
    ...labels.map(([name, value]) => {
      const row = document.createElement('div');
      row.className = 'row';
      for (const [tag, content] of [['dt', name], ['dd', value]] as const) {
        const cell = document.createElement(tag);
        cell.textContent = content;
        row.append(cell);
      }
      return row;
    }),
  );
}
