// SPDX-License-Identifier: BSL-1.0
import { AlertAnnouncer, Announcer } from './announcer.ts';
import { combinedClock } from './clock.ts';
import { announcedConnection } from './stream/connection-view.ts';
import { formatSummary } from './facts.ts';
import { offerTimeoutMs } from './request/experiment.ts';
import { History } from './history.ts';
import { parseInitial } from './initial.ts';
import { initialState, withRequests, type PageState } from './page-state.ts';
import { receive } from './stream/receive.ts';
import { lostTimeoutMs, timeStaleTimeoutMs } from './panel-view.ts';
import { parseRequests } from './request/request.ts';
import { pinAt, unpin, withEarlier, type Requests } from './request/requests.ts';
import { services } from './services.ts';
import { fetchRequests, probeAccess, renewSession, signIn, signOut, startExperiment } from './stream/session.ts';
import { SessionKeeper } from './stream/session-keeper.ts';
import { eventNames, lastingEvents } from './model.ts';
import { openShared } from './stream/shared-source.ts';
import { EventStream, type Connection } from './stream/stream.ts';
import { renderChart } from './view/chart.ts';
import { find, findAs, setText } from './view/dom.ts';
import { ExperimentPanel } from './view/experiment.ts';
import { afterFirstPaint } from './view/first-paint.ts';
import { MapPanel } from './view/map.ts';
import { renderPage, viewPage, type PageView } from './view/page.ts';
import { RequestPanel } from './view/request.ts';
import { SignInForm } from './view/sign-in.ts';
import { SignOutButton } from './view/sign-out.ts';
import { addThemeButton } from './view/theme.ts';

const now = combinedClock(() => performance.now(), () => Date.now());
const announcer = new Announcer();
const alertAnnouncer = new AlertAnnouncer();
const liveRegion = find(document, '#announcements');
const history = new History();
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

let state: PageState = initialState;
let connection: Connection = { phase: 'paused' };
let lastEventAt = 0;
let liveSince = 0;
/** True from the loss of the stream until it is open again. */
let isLost = false;
/** Whether the server has been asked for earlier requests, since the page was opened or unlocked. */
let hasEarlier = false;

const stream = new EventStream(
  {
    open: () => openShared('api/events', [...eventNames, 'bye'], lastingEvents),
    probe: probeAccess,
    schedule,
    now,
    random: Math.random,
  },
  {
    connection: (next) => {
      connection = next;
      // The server starts no calls for this page before it is connected again.
      state = { ...state, polls: [], hasParts: false };
      if (next.phase === 'live') {
        lastEventAt = liveSince = now();
        isLost = false;
        sessionKeeper.start();
      }
      if (next.phase === 'checking' || next.phase === 'waiting') isLost = true;
      // Without a valid session the values are hidden.
      if (next.phase === 'locked') {
        state = initialState;
        history.clear();
        hasEarlier = false;
        sessionKeeper.stop();
      }
      form.show(next.phase === 'locked');
      render();
    },
    event: (name, data) => {
      lastEventAt = now();
      const before = state.requests;
      state = receive(state, name, data, { now: lastEventAt, epochMs: Date.now() });
      remember(before);
      if (name === 'request' && !hasEarlier) void loadEarlier();
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
const sessionKeeper = new SessionKeeper({ renew: renewSession, schedule }, (hasSession) => {
  signOutButton.show(hasSession);
  // Without an API key, only clients on the server's host can open the page.
  findAs(document, '#debug', HTMLAnchorElement).hidden = !hasSession;
});

const requestPanel = new RequestPanel(
  document,
  {
    select: (index) => showRequests(pinAt(state.requests, index)),
    follow: () => showRequests(unpin(state.requests)),
  },
  render,
);

const mapPanel = new MapPanel(findAs(document, '#map', HTMLElement), () => render());

const experimentPanel = new ExperimentPanel(document, { start: startExperiment, announce });

function showRequests(requests: Requests): void {
  state = withRequests(state, requests);
  render();
}

function schedule(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}

/** Adds new requests to the history. */
function remember(before: Requests): void {
  const newest = state.requests.list.at(-1);
  if (state.requests !== before && newest !== undefined && newest !== before.list.at(-1)) history.add(newest, now());
}

/** Loads the requests from before the page was opened. */
async function loadEarlier(): Promise<void> {
  hasEarlier = true;
  const text = await fetchRequests();
  if (text === null || !hasEarlier) return;
  const known = state.requests;
  state = { ...state, requests: withEarlier(known, parseRequests(text)) };
  const [first] = known.list;
  history.addEarlier(state.requests.list.slice(0, state.requests.list.length - known.list.length), first?.startedAt ?? null, now());
  render();
}

function render(): PageView {
  const at = now();
  const silenceTimeoutMs = isLost ? lostTimeoutMs : timeStaleTimeoutMs;
  const view = viewPage(state, connection, lastEventAt, silenceTimeoutMs, at);
  renderPage(document, state, view);
  mapPanel.render(state.traffic, at - lastEventAt <= silenceTimeoutMs);
  // A bar in progress grows with each frame.
  if (renderBars(at)) grow();
  return view;
}

/** Returns whether bars grow. */
function renderBars(at: number): boolean {
  const experimentGrows = experimentPanel.render(state.experiment, connection.phase === 'live', at);
  return requestPanel.render(state, at) || experimentGrows;
}

let growing = 0;

function grow(): void {
  if (growing !== 0) return;
  growing = 1;
  const next = () => {
    growing = 0;
    if (!document.hidden && renderBars(now())) grow();
  };
  if (reducedMotion.matches) setTimeout(next, 500);
  else requestAnimationFrame(next);
}

function renderHistory(): void {
  for (const { key, panel, name } of services) {
    const root = find(document, `#${panel}`);
    renderChart(find(root, '.chart'), history.buckets(key, now()), name);
    setText(find(root, '.stats'), formatSummary(history.summary(key, now())));
  }
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

/** A server that was started again without fault injection sends no experiment. */
function removeExperiment(): void {
  const isOld = state.experiment !== null && state.experiment.receivedAt < liveSince && now() - liveSince > offerTimeoutMs;
  if (connection.phase === 'live' && isOld) state = { ...state, experiment: null };
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

/** Shows the values of the HTML until events arrive: they are as old as its response. */
function receiveInitial(): void {
  const at = now();
  for (const { name, data } of parseInitial(find(document, '#initial').textContent)) {
    const before = state.requests;
    state = receive(state, name, data, { now: at, epochMs: Date.now() });
    remember(before);
    lastEventAt = at;
  }
}

addThemeButton(document);
// The HTML has values: they are shown before the script draws them.
afterFirstPaint(() => {
  receiveInitial();
  renderHistory();
  findAs(document, '#connection', HTMLButtonElement).addEventListener('click', () => stream.retryNow());
  window.addEventListener('online', () => stream.retryNow());
  document.addEventListener('visibilitychange', followVisibility);
  followVisibility();
});
