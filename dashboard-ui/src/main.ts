// SPDX-License-Identifier: BSL-1.0
import { AlertAnnouncer, Announcer } from './alerts/announcer.ts';
import { combinedClock } from './clock.ts';
import { announcedConnection } from './stream/connection-view.ts';
import { experimentEventTimeoutMs } from './request/experiment.ts';
import { History } from './history/history.ts';
import { parseInitial } from './initial.ts';
import { initialState, withRequests, type PageState } from './page-state.ts';
import { pause, pausedState, withPinnedRequest, type Moment, type Pause } from './pause.ts';
import { receive } from './stream/receive.ts';
import { lostTimeoutMs, timeStaleTimeoutMs } from './panel-view.ts';
import { parseRequests } from './request/request.ts';
import { pinAt, unpin, withEarlierRequests, type Requests } from './request/requests.ts';
import { fetchHistory, fetchRequests, probeAccess, renewSession, signIn, signOut, startExperiment } from './stream/session.ts';
import { SessionKeeper } from './stream/session-keeper.ts';
import { eventNames, retainedEvents, type EventName } from './model.ts';
import { openShared } from './stream/shared-source.ts';
import { EventStream, type Connection } from './stream/stream.ts';
import { find, findAs } from './view/dom.ts';
import { ExperimentPanel } from './view/experiment.ts';
import { afterFirstPaint } from './view/first-paint.ts';
import { HistoryPanels } from './view/history.ts';
import { MapPanel } from './view/map.ts';
import { renderPage, toPageView, type PageView } from './view/page.ts';
import { PauseButton } from './view/pause.ts';
import { RequestPanel } from './view/request.ts';
import { SignInForm } from './view/sign-in.ts';
import { SignOutButton } from './view/sign-out.ts';
import { addThemeButton } from './view/theme.ts';

const now = combinedClock(() => performance.now(), () => Date.now());
/** The wall-clock time at the start of `now`, so that the columns of the charts correspond to wall-clock times. */
const epochMs = Date.now() - now();
const announcer = new Announcer();
const alertAnnouncer = new AlertAnnouncer();
const liveRegion = find(document, '#announcements');
const history = new History();
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

let state: PageState = initialState;
/** Null unless the display is paused. */
let paused: Pause | null = null;
let connection: Connection = { phase: 'paused' };
let lastEventAt = 0;
let liveSince = 0;
/** True from the loss of the stream until it is open again. */
let isStreamLost = false;
/** Whether the page has requested earlier requests since it was opened or unlocked. */
let hasEarlierRequests = false;
/** Whether the history is complete since the HTML or the last connection. */
let hasHistory = false;

const stream = new EventStream(
  {
    open: () => openShared('api/events', [...eventNames, 'bye'], retainedEvents),
    probe: probeAccess,
    schedule,
    now,
    random: Math.random,
  },
  {
    connection: (next) => {
      connection = next;
      // The server starts no calls for this page until the page reconnects.
      state = { ...state, polls: [], hasParts: false };
      if (next.phase === 'live') {
        lastEventAt = liveSince = now();
        isStreamLost = false;
        sessionKeeper.start();
        if (!hasHistory) void loadHistory();
      } else if (next.phase !== 'connecting') {
        // The page misses events until the next connection.
        hasHistory = false;
      }
      if (next.phase === 'checking' || next.phase === 'waiting') isStreamLost = true;
      // Without a valid session the values are hidden.
      if (next.phase === 'locked') {
        state = initialState;
        paused = null;
        history.clear();
        hasEarlierRequests = false;
        sessionKeeper.stop();
      }
      form.show(next.phase === 'locked');
      render();
    },
    event: (name, data) => {
      lastEventAt = now();
      update(name, data, lastEventAt);
      if (name === 'request' && !hasEarlierRequests) void loadEarlierRequests();
      render();
    },
  },
);

const form = new SignInForm(findAs(document, '#sign-in', HTMLFormElement), {
  signIn,
  accepted: () => {
    stream.unlock();
    // Moves the focus from the hidden field to the heading of the new content.
    findAs(document, 'h1', HTMLElement).focus();
  },
  announce,
});

const signOutButton = new SignOutButton(document, { signOut, ended: () => stream.lock(), announce });
const sessionKeeper = new SessionKeeper({ renew: renewSession, schedule }, (hasSession) => {
  signOutButton.show(hasSession);
  // Without an API key, only clients on the server's host can open the page.
  findAs(document, '#debug', HTMLAnchorElement).hidden = !hasSession;
});

const requestPanel = new RequestPanel(
  document,
  {
    select: (index) => showRequests(pinAt(shownState().requests, index)),
    follow: () => showRequests(unpin(shownState().requests)),
  },
  render,
);

const historyPanels = new HistoryPanels(document, () => renderHistory());

const mapPanel = new MapPanel(findAs(document, '#map', HTMLElement), () => render());

const experimentPanel = new ExperimentPanel(document, { start: startExperiment, announce });

const pauseButton = new PauseButton(document, () => setPaused(paused === null));

/** The state that the page shows. */
function shownState(): PageState {
  return paused === null ? state : pausedState(paused, state);
}

function showRequests(requests: Requests): void {
  if (paused === null) {
    state = withRequests(state, requests);
  } else {
    paused = { ...paused, state: withRequests(paused.state, requests) };
    state = withPinnedRequest(state, requests);
  }
  render();
}

/** While the display is paused, the stream stays open and the history is updated. */
function setPaused(value: boolean): void {
  if (value) renderHistory(true);
  paused = value ? pause(state, currentMoment()) : null;
  renderHistory();
  render();
  announce(value ? 'Display paused. Alerts still update.' : 'Display resumed.');
}

function currentMoment(): Moment {
  return { now: now(), lastEventAt, maxIdleMs: isStreamLost ? lostTimeoutMs : timeStaleTimeoutMs };
}

function schedule(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}

/** Applies an event of the stream, and merges its history. */
function update(name: EventName, data: string, at: number): void {
  const before = state.history;
  state = receive(state, name, data, { now: at, epochMs: Date.now() });
  if (state.history !== null && state.history !== before) history.merge(state.history, epochMs + at);
}

/** Loads the requests that preceded the opening of the page. */
async function loadEarlierRequests(): Promise<void> {
  hasEarlierRequests = true;
  const text = await fetchRequests();
  if (text === null || !hasEarlierRequests) return;
  state = { ...state, requests: withEarlierRequests(state.requests, parseRequests(text)) };
  render();
}

/** Loads the history that preceded the connection. */
async function loadHistory(): Promise<void> {
  hasHistory = true;
  const text = await fetchHistory();
  // The next connection loads the history.
  if (text === null) hasHistory = false;
  else if (hasHistory) update('history', text, now());
  renderHistory();
}

function render(): PageView {
  const current = currentMoment();
  const view = toPageView(shownState(), connection, current, paused?.moment ?? null);
  renderPage(document, shownState(), view);
  pauseButton.render(paused !== null, connection.phase === 'locked');
  const valuesMoment = paused?.moment ?? current;
  mapPanel.render(shownState().traffic, valuesMoment.now - valuesMoment.lastEventAt <= valuesMoment.maxIdleMs);
  // The bars of calls in progress grow in each frame.
  if (renderBars(current.now)) animateBars();
  return view;
}

/** Returns whether any bar is growing. */
function renderBars(at: number): boolean {
  const isExperimentGrowing = experimentPanel.render(state.experiment, connection.phase === 'live', at);
  return requestPanel.render(shownState(), at) || isExperimentGrowing;
}

let isAnimating = false;

function animateBars(): void {
  if (isAnimating) return;
  isAnimating = true;
  const next = () => {
    isAnimating = false;
    if (!document.hidden && renderBars(now())) animateBars();
  };
  if (reducedMotion.matches) setTimeout(next, 500);
  else requestAnimationFrame(next);
}

/** `shouldRenderTables`: also renders the closed tables, which can be opened during a pause. */
function renderHistory(shouldRenderTables = false): void {
  if (paused === null) historyPanels.render(history, state.system.value, epochMs + now(), shouldRenderTables);
}

function announce(text: string): void {
  liveRegion.textContent = text;
}

/** Updates ages once a second, and announces the changes of that second together. */
function tick(): void {
  removeExperiment();
  const view = render();
  renderHistory();
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

/** Removes the experiment after a restart of the server without fault injection. */
function removeExperiment(): void {
  const isOutdated = state.experiment !== null && state.experiment.receivedAt < liveSince && now() - liveSince > experimentEventTimeoutMs;
  if (connection.phase === 'live' && isOutdated) state = { ...state, experiment: null };
}

let tickTimer: ReturnType<typeof setInterval> | undefined;

/** Closes the connection of a hidden page, because browsers limit the connections per origin to six for all tabs. */
function followVisibility(): void {
  clearInterval(tickTimer);
  if (document.hidden) {
    stream.pause();
  } else {
    tickTimer = setInterval(tick, 1_000);
    stream.resume();
  }
}

/** Shows the values of the HTML until events arrive. */
function receiveInitial(): void {
  const at = now();
  for (const { name, data } of parseInitial(find(document, '#initial').textContent)) {
    update(name, data, at);
    lastEventAt = at;
    hasHistory ||= name === 'history';
  }
}

addThemeButton(document);
// The script draws only after the browser has painted the values of the HTML.
afterFirstPaint(() => {
  receiveInitial();
  renderHistory();
  findAs(document, '#connection', HTMLButtonElement).addEventListener('click', () => {
    if (paused !== null) setPaused(false);
    stream.retryNow();
  });
  window.addEventListener('online', () => stream.retryNow());
  document.addEventListener('visibilitychange', followVisibility);
  followVisibility();
});
