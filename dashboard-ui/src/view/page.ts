// SPDX-License-Identifier: BSL-1.0
import { toAlertsView, type AlertsView } from '../alerts/alerts-view.ts';
import { toConnectionView, type ConnectionView } from '../stream/connection-view.ts';
import { systemFacts, timeFacts, weatherFacts } from '../facts.ts';
import { systemFields, timeFields, weatherFields } from '../fields.ts';
import { formatTimeOfDay, truncate } from '../format.ts';
import { toHeadline, type Headline } from '../request/headline.ts';
import { failureReason } from '../request/request.ts';
import type { PageState } from '../page-state.ts';
import type { Moment } from '../pause.ts';
import { partStaleTimeoutMs, timeStaleTimeoutMs, toPanelView, toWeatherView, type PanelView } from '../panel-view.ts';
import type { Connection } from '../stream/stream.ts';
import { renderAlerts } from './alerts.ts';
import { renderBadge } from './components/badge.ts';
import { find, findAs, setOptionalText, setText } from './dom.ts';
import { renderHeadline } from './headline.ts';
import { renderPanel } from './panel.ts';

/** The content of the page at one time, except for the request and the history. */
export interface PageView {
  readonly connection: ConnectionView;
  readonly headline: Headline;
  readonly time: PanelView;
  readonly system: PanelView;
  readonly weather: PanelView;
  readonly alerts: AlertsView;
}

/**
 * `pausedMoment`: the time of the pause, at which all values except the alerts are shown; null if the display is not paused.
 */
export function toPageView(state: PageState, connection: Connection, current: Moment, pausedMoment: Moment | null): PageView {
  const { now, lastEventAt, maxIdleMs } = pausedMoment ?? current;
  const idleMs = now - lastEventAt;
  const latest = state.requests.list.at(-1) ?? null;
  const context = (service: string, staleTimeoutMs: number) => {
    const reason = failureReason(state.requests.list, service);
    return { staleTimeoutMs, idleMs, maxIdleMs, now, reason: reason === null ? null : truncate(reason, 120) };
  };
  const time = toPanelView(state.time, context('time_service', timeStaleTimeoutMs));
  const system = toPanelView(state.system, context('sysinfo_service', partStaleTimeoutMs));
  const weather = toWeatherView(state.weather, context('weather_service', partStaleTimeoutMs));
  const connectionView = toConnectionView(connection, current.lastEventAt, current.now, pausedMoment !== null);
  return {
    connection: connectionView,
    time,
    system,
    weather,
    alerts: toAlertsView(state.alerts, current.now - current.lastEventAt, current.now, current.maxIdleMs),
    headline: toHeadline({
      panels: [
        { name: 'time', state: time.state },
        { name: 'system', state: system.state },
        { name: 'weather', state: weather.state },
      ],
      request: latest,
      isLive: idleMs <= maxIdleMs,
      isLocked: connection.phase === 'locked',
      isPaused: pausedMoment !== null,
      firingCount: state.alerts.value?.firing.length ?? 0,
    }),
  };
}

export function renderPage(root: ParentNode, state: PageState, view: PageView): void {
  renderBadge(find(root, '#connection'), view.connection.state, view.connection.label);
  renderHeadline(root, view.headline);
  renderClock(findAs(root, '#clock', HTMLTimeElement), state, view.time.isDimmed);
  const error = state.malformed === null ? null : `Ignored a malformed “${state.malformed}” event from the server.`;
  setOptionalText(findAs(root, '#error', HTMLElement), error);
  findAs(root, '#panels', HTMLElement).hidden = view.connection.state === 'locked';
  renderAlerts(find(root, '#alerts'), view.alerts);
  renderPanel(find(root, '#time'), view.time, timeFacts(state.time.value), timeFields(state.time.value));
  renderPanel(find(root, '#system'), view.system, systemFacts(state.system.value), systemFields(state.system.value));
  const { valueAgeMs } = view.weather;
  renderPanel(find(root, '#weather'), view.weather, weatherFacts(state.weather.value, valueAgeMs), weatherFields(state.weather.value, valueAgeMs));
}

function renderClock(clock: HTMLTimeElement, state: PageState, isDimmed: boolean): void {
  const reading = state.time.value;
  setText(clock, reading === null ? '--:--:--' : truncate(formatTimeOfDay(reading.timestamp), 40));
  if (reading?.iso8601) clock.dateTime = reading.iso8601;
  else clock.removeAttribute('datetime');
  clock.classList.toggle('dimmed', isDimmed);
}
