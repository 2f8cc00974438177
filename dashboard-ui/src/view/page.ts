// SPDX-License-Identifier: BSL-1.0
import { viewAlerts, type AlertsView } from '../alerts-view.ts';
import { viewConnection, type ConnectionView } from '../connection-view.ts';
import { systemFields, timeFields, weatherFields } from '../fields.ts';
import { notAvailable, timeOfDay } from '../format.ts';
import type { PageState } from '../page-state.ts';
import { aggregateStaleAfterMs, timeStaleAfterMs, viewPanel, viewWeather, type PanelView } from '../panel-view.ts';
import type { Connection } from '../stream.ts';
import { renderAlerts } from './alerts.ts';
import { renderBadge } from './badge.ts';
import { find, findAs, setOptional, setText } from './dom.ts';
import { renderPanel } from './panel.ts';

/** Everything that the page shows at one time. */
export interface PageView {
  readonly connection: ConnectionView;
  readonly time: PanelView;
  readonly system: PanelView;
  readonly weather: PanelView;
  readonly alerts: AlertsView;
}

export function viewPage(state: PageState, connection: Connection, lastEventAt: number, now: number): PageView {
  const idleMs = now - lastEventAt;
  return {
    connection: viewConnection(connection, lastEventAt, now),
    time: viewPanel(state.time, timeStaleAfterMs, now),
    system: viewPanel(state.system, aggregateStaleAfterMs, now),
    weather: viewWeather(state.weather, now),
    alerts: viewAlerts(state.alerts, idleMs, now),
  };
}

export function renderPage(root: ParentNode, state: PageState, view: PageView): void {
  renderBadge(find(root, '#connection'), view.connection.state, view.connection.label);
  renderClock(findAs(root, '#clock', HTMLTimeElement), state, view.time.dimmed);
  const error = state.malformed === null ? null : `Ignored a malformed “${state.malformed}” event from the server.`;
  setOptional(findAs(root, '#error', HTMLElement), error);
  findAs(root, '#panels', HTMLElement).hidden = view.connection.state === 'locked';
  renderAlerts(find(root, '#alerts'), view.alerts);
  renderPanel(find(root, '#time'), view.time, timeFields(state.time.value));
  renderPanel(find(root, '#system'), view.system, systemFields(state.system.value));
  renderPanel(find(root, '#weather'), view.weather, weatherFields(state.weather.value));
}

function renderClock(clock: HTMLTimeElement, state: PageState, dimmed: boolean): void {
  const reading = state.time.value;
  setText(clock, reading === null ? notAvailable : timeOfDay(reading.timestamp));
  if (reading?.iso8601) clock.dateTime = reading.iso8601;
  else clock.removeAttribute('datetime');
  clock.classList.toggle('dimmed', dimmed);
}
