import { viewAlerts, type AlertsView } from '../alerts-view.ts';
import type { Board } from '../board.ts';
import { viewConnection, type ConnectionView } from '../connection-view.ts';
import { systemFields, timeFields, weatherFields } from '../fields.ts';
import { notAvailable, timeOfDay } from '../format.ts';
import { aggregateStaleAfterMs, timeStaleAfterMs, viewPanel, type PanelView } from '../panel-view.ts';
import type { Connection } from '../stream.ts';
import { renderAlerts } from './alerts.ts';
import { renderBadge } from './badge.ts';
import { find, findAs, setOptional, setText } from './dom.ts';
import { renderPanel } from './panel.ts';

/** What the page shows at one moment. */
export interface PageView {
  readonly connection: ConnectionView;
  readonly time: PanelView;
  readonly system: PanelView;
  readonly weather: PanelView;
  readonly alerts: AlertsView;
}

export function viewPage(board: Board, connection: Connection, lastEventAt: number, now: number): PageView {
  const silentForMs = now - lastEventAt;
  return {
    connection: viewConnection(connection, lastEventAt, now),
    time: viewPanel(board.time, timeStaleAfterMs, now),
    system: viewPanel(board.system, aggregateStaleAfterMs, now),
    weather: viewPanel(board.weather, aggregateStaleAfterMs, now),
    alerts: viewAlerts(board.alerts, silentForMs, now),
  };
}

export function renderPage(root: ParentNode, board: Board, view: PageView): void {
  renderBadge(find(root, '#connection'), view.connection.state, view.connection.label);
  renderClock(findAs(root, '#clock', HTMLTimeElement), board, view.time.dimmed);
  const fault = board.malformed === null ? null : `Ignored a malformed “${board.malformed}” event from the server.`;
  setOptional(findAs(root, '#fault', HTMLElement), fault);
  findAs(root, '#panels', HTMLElement).hidden = view.connection.state === 'locked';
  renderAlerts(find(root, '#alerts'), view.alerts);
  renderPanel(find(root, '#time'), view.time, timeFields(board.time.value));
  renderPanel(find(root, '#system'), view.system, systemFields(board.system.value));
  renderPanel(find(root, '#weather'), view.weather, weatherFields(board.weather.value));
}

function renderClock(clock: HTMLTimeElement, board: Board, dimmed: boolean): void {
  const reading = board.time.value;
  setText(clock, reading === null ? notAvailable : timeOfDay(reading.timestamp));
  if (reading?.iso8601) clock.dateTime = reading.iso8601;
  else clock.removeAttribute('datetime');
  clock.classList.toggle('dimmed', dimmed);
}
