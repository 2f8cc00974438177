// SPDX-License-Identifier: BSL-1.0
import { parseAlertsEvent } from './alerts.ts';
import { AlertAnnouncer, Announcer } from './announcer.ts';
import { cautiousClock } from './clock.ts';
import { announcedConnection } from './connection-view.ts';
import type { EventName } from './model.ts';
import { initialState, withAggregate, withAlerts, withMalformed, withTime, type PageState } from './page-state.ts';
import { parseAggregateEvent, parseTimeEvent } from './parse.ts';
import { probeAccess, renewSession, signIn, signOut } from './session.ts';
import { SessionKeeper } from './session-keeper.ts';
import { EventStream, type Connection } from './stream.ts';
import { find, findAs } from './view/dom.ts';
import { renderPage, viewPage, type PageView } from './view/page.ts';
import { SignInForm } from './view/sign-in.ts';
import { SignOutButton } from './view/sign-out.ts';

const now = cautiousClock(() => performance.now(), () => Date.now());
const announcer = new Announcer();
const alertAnnouncer = new AlertAnnouncer();
const liveRegion = find(document, '#announcements');

let state: PageState = initialState;
let connection: Connection = { phase: 'paused' };
let lastEventAt = 0;

const stream = new EventStream(
  {
    open: () => new EventSource('api/events'),
    probe: probeAccess,
    schedule,
    now,
    random: Math.random,
  },
  {
    connection: (next) => {
      connection = next;
      if (next.phase === 'live') {
        lastEventAt = now();
        sessionKeeper.start();
      }
      // Without a valid session the values are not shown any more.
      if (next.phase === 'locked') {
        state = initialState;
        sessionKeeper.stop();
      }
      form.show(next.phase === 'locked');
      render();
    },
    event: (name, data) => {
      lastEventAt = now();
      state = receive(state, name, data, lastEventAt);
      render();
    },
  },
);

const form = new SignInForm(findAs(document, '#sign-in', HTMLFormElement), {
  signIn,
  accepted: () => {
    stream.unlock();
    // The focused field is hidden now; the new content starts at the heading.
    findAs(document, 'h1', HTMLElement).focus();
  },
  announce,
});

const signOutButton = new SignOutButton(document, { signOut, ended: () => stream.lock(), announce });
const sessionKeeper = new SessionKeeper({ renew: renewSession, schedule }, (hasSession) => signOutButton.show(hasSession));

function schedule(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}

function receive(current: PageState, name: EventName, data: string, at: number): PageState {
  if (name === 'time') {
    const event = parseTimeEvent(data);
    return event === null ? withMalformed(current, name) : withTime(current, event, at);
  }
  if (name === 'alerts') {
    const alerts = parseAlertsEvent(data);
    return alerts === null ? withMalformed(current, name) : withAlerts(current, alerts, at);
  }
  const aggregate = parseAggregateEvent(data);
  return aggregate === null ? withMalformed(current, name) : withAggregate(current, aggregate, at);
}

function render(): PageView {
  const view = viewPage(state, connection, lastEventAt, now());
  renderPage(document, state, view);
  return view;
}

function announce(text: string): void {
  liveRegion.textContent = text;
}

/** Updates ages once a second, and announces the changes of that second together. */
function tick(): void {
  const view = render();
  const panel = (name: string, panelState: string) => ({
    name,
    state: panelState === 'waiting' ? null : panelState,
    expected: 'fresh',
  });
  const changes = announcer.changes([
    { name: 'Connection', state: announcedConnection(view.connection.state), expected: 'live' },
    panel('Time', view.time.state),
    panel('System', view.system.state),
    panel('Weather', view.weather.state),
    { name: 'Monitoring', state: view.alerts.announcedMonitoring, expected: 'ok' },
  ]);
  const text = [alertAnnouncer.changes(state.alerts.value), changes].filter((part) => part !== '').join(' ');
  if (text !== '') announce(text);
}

let ticking: ReturnType<typeof setInterval> | undefined;

/** A hidden page closes its connection: browsers have six per origin for all tabs. */
function followVisibility(): void {
  clearInterval(ticking);
  if (document.hidden) {
    stream.pause();
  } else {
    ticking = setInterval(tick, 1_000);
    stream.resume();
  }
}

document.addEventListener('visibilitychange', followVisibility);
followVisibility();
