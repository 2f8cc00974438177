// SPDX-License-Identifier: BSL-1.0
import { describe, tableHead, toTableRows, toWaterfallView } from '../request/waterfall-view.ts';
import type { PageState } from '../page-state.ts';
import { runningRequest } from '../stream/polls.ts';
import { hasExceededDeadline, type RequestRecord } from '../request/request.ts';
import { shownRequest } from '../request/requests.ts';
import type { Scale } from '../request/scale.ts';
import { findAs, find, setText } from './dom.ts';
import { Strip, type StripActions } from './components/strip.ts';
import { renderTable } from './components/table.ts';
import { renderWaterfall } from './components/waterfall.ts';

/** The panel with one request: its waterfall, its table, and the strip of the last requests. */
export class RequestPanel {
  readonly #root: ParentNode;
  readonly #strip: Strip;
  readonly #scaleButton: HTMLButtonElement;
  readonly #details: HTMLDetailsElement;
  #preference: Scale['kind'] | null = null;
  #scale: Scale['kind'] = 'log';
  #drawn: { readonly request: RequestRecord; readonly preference: Scale['kind'] | null } | null = null;
  #finishedAt = -Infinity;
  #last: RequestRecord | null = null;
  #width = 0;

  /** `changed` is called when the panel must be rendered again. */
  constructor(root: ParentNode, actions: StripActions, changed: () => void) {
    this.#root = root;
    this.#strip = new Strip(root, actions);
    this.#scaleButton = findAs(root, '#scale', HTMLButtonElement);
    this.#details = findAs(root, '#request-details', HTMLDetailsElement);
    this.#scaleButton.addEventListener('click', () => {
      this.#preference = this.#scale === 'log' ? 'linear' : 'log';
      changed();
    });
    this.#details.addEventListener('toggle', () => {
      this.#drawn = null;
      changed();
    });
  }

  /** Returns whether the panel shows a request in progress, whose bars grow. */
  render(state: PageState, now: number): boolean {
    const newest = state.requests.list.at(-1) ?? null;
    if (newest !== this.#last) {
      // Only a request that exceeded a deadline is displayed for the minimum time.
      if (newest !== null && this.#last !== null && newest.calls.some(hasExceededDeadline)) this.#finishedAt = now;
      this.#last = newest;
    }
    this.#strip.render(state.requests);
    const running = state.requests.pinned === null ? runningRequest(state.polls, this.#finishedAt, now) : null;
    const request = running?.request ?? shownRequest(state.requests);
    if (request === null) {
      this.#clear();
      return false;
    }
    const isNew = this.#drawn?.request !== request;
    // The positions of the labels depend on the width.
    const width = find(this.#root, '#waterfall').clientWidth;
    const isResized = width !== this.#width;
    this.#width = width;
    if (isNew || isResized || this.#drawn?.preference !== this.#preference) this.#draw(request, running?.running ?? new Set(), isNew);
    return running !== null;
  }

  #draw(request: RequestRecord, running: ReadonlySet<string>, isNew: boolean): void {
    const view = toWaterfallView(request, this.#preference, running);
    this.#drawn = { request, preference: this.#preference };
    this.#scale = view.scale;
    renderWaterfall(findAs(this.#root, '#waterfall', HTMLElement), view, describe(request), isNew && running.size === 0);
    setText(this.#scaleButton, view.scale === 'log' ? 'Linear axis' : 'Log axis');
    renderTrace(this.#root, request.traceId);
    setText(find(this.#root, '#answered'), view.summary);
    if (this.#details.open) renderTable(findAs(this.#details, 'table', HTMLTableElement), tableHead, toTableRows(request, running));
  }

  /** Clears the panel after the end of a session. */
  #clear(): void {
    if (this.#drawn === null) return;
    this.#drawn = null;
    const table = findAs(this.#details, 'table', HTMLTableElement);
    table.removeAttribute('data-rows');
    table.replaceChildren();
    for (const drawing of this.#root.querySelectorAll('#waterfall .lane svg')) drawing.replaceChildren();
    for (const result of this.#root.querySelectorAll('.lane-result')) setText(result, '–');
    renderTrace(this.#root, null);
    setText(find(this.#root, '#answered'), 'waiting for a request');
  }
}

/** The ID of the trace; a link if the server has a Jaeger URL. */
function renderTrace(root: ParentNode, traceId: string | null): void {
  const trace = findAs(root, '#trace', HTMLAnchorElement);
  setText(trace, traceId === null ? '' : `#${traceId.slice(0, 8)}`);
  trace.title = traceId === null ? '' : `Trace ID ${traceId}`;
  const jaeger = root.querySelector<HTMLAnchorElement>('a[data-link="jaeger"]');
  if (traceId === null || jaeger === null) trace.removeAttribute('href');
  else trace.href = `${jaeger.href.replace(/\/+$/, '')}/trace/${encodeURIComponent(traceId)}`;
}
