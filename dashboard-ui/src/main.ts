import { parseAlertsEvent } from './alerts.ts';
import { AlertAnnouncer, Announcer } from './announcer.ts';
import { emptyBoard, withAggregate, withAlerts, withMalformed, withTime, type Board } from './board.ts';
import { cautiousClock } from './clock.ts';
import { spokenConnection } from './connection-view.ts';
import type { EventName } from './model.ts';
import { parseAggregateEvent, parseTimeEvent } from './parse.ts';
import { probeAccess, signIn } from './session.ts';
import { EventStream, type Connection } from './stream.ts';
import { find, findAs } from './view/dom.ts';
import { renderPage, viewPage, type PageView } from './view/page.ts';
import { SignInForm } from './view/sign-in.ts';

const now = cautiousClock(() => performance.now(), () => Date.now());
const announcer = new Announcer();
const alertAnnouncer = new AlertAnnouncer();
const liveRegion = find(document, '#announcements');

let board: Board = emptyBoard;
let connection: Connection = { phase: 'paused' };
let lastEventAt = 0;

const stream = new EventStream(
  {
    open: () => new EventSource('/api/events'),
    probe: probeAccess,
    schedule: (delayMs, action) => {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
    now,
    random: Math.random,
  },
  {
    connection: (next) => {
      connection = next;
      if (next.phase === 'live') lastEventAt = now();
      // Who may not read the values any more must not go on seeing them.
      if (next.phase === 'locked') board = emptyBoard;
      form.show(next.phase === 'locked');
      render();
    },
    event: (name, data) => {
      lastEventAt = now();
      board = receive(board, name, data, lastEventAt);
      render();
    },
  },
);

const form = new SignInForm(findAs(document, '#sign-in', HTMLFormElement), {
  signIn,
  accepted: () => {
    stream.unlock();
    // The focused field has just gone; the heading is where the new content starts.
    findAs(document, 'h1', HTMLElement).focus();
  },
  announce,
});

function receive(current: Board, name: EventName, data: string, at: number): Board {
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
  const view = viewPage(board, connection, lastEventAt, now());
  renderPage(document, board, view);
  return view;
}

function announce(text: string): void {
  liveRegion.textContent = text;
}

/** Ages grow without events. Speaking only here merges what changes within a second into one sentence. */
function tick(): void {
  const view = render();
  const panel = (name: string, state: string) => ({ name, state: state === 'waiting' ? null : state, expected: 'fresh' });
  const changes = announcer.changes([
    { name: 'Connection', state: spokenConnection(view.connection.state), expected: 'live' },
    panel('Time', view.time.state),
    panel('System', view.system.state),
    panel('Weather', view.weather.state),
    { name: 'Monitoring', state: view.alerts.spokenMonitoring, expected: 'heard' },
  ]);
  const news = [alertAnnouncer.changes(board.alerts.value), changes].filter((text) => text !== '').join(' ');
  if (news !== '') announce(news);
}

let ticking: ReturnType<typeof setInterval> | undefined;

/** A hidden page gives back its connection: a browser has six per origin, for all of its tabs. */
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
