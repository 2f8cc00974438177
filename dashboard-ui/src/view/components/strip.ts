// SPDX-License-Identifier: BSL-1.0
import { formatLocalSecond, milliseconds } from '../../format.ts';
import { maxRequests, shownIndex, type Requests } from '../../request/requests.ts';
import { deadlineOf, hasExceededDeadline, type RequestRecord } from '../../request/request.ts';
import { findAs, find, setText, svg } from '../dom.ts';

export interface StripActions {
  /** Shows and pins the request at an index. */
  select(index: number): void;
  /** Shows the latest request again. */
  follow(): void;
}

const height = 28;
const column = 10;

/**
 * The last requests as columns. A slider selects a request, because it is a single tab stop with a large target, and
 * supports arrow keys.
 */
export class Strip {
  readonly #root: ParentNode;
  readonly #slider: HTMLInputElement;
  readonly #pin: HTMLButtonElement;
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  #requests: Requests | null = null;

  constructor(root: ParentNode, actions: StripActions) {
    this.#root = root;
    this.#slider = findAs(root, '#strip input', HTMLInputElement);
    this.#pin = findAs(root, '#pin', HTMLButtonElement);
    this.#previous = findAs(root, '#previous', HTMLButtonElement);
    this.#next = findAs(root, '#next', HTMLButtonElement);
    const shown = () => (this.#requests === null ? -1 : shownIndex(this.#requests));
    this.#slider.addEventListener('input', () => actions.select(Number(this.#slider.value) - this.#offset()));
    this.#previous.addEventListener('click', () => actions.select(shown() - 1));
    this.#next.addEventListener('click', () => actions.select(shown() + 1));
    this.#pin.addEventListener('click', () => {
      if (this.#requests?.pinned == null) actions.select(shown());
      else actions.follow();
    });
  }

  /** The columns are right-aligned until the strip is full. */
  #offset(): number {
    return maxRequests - (this.#requests?.list.length ?? 0);
  }

  render(requests: Requests): void {
    if (requests === this.#requests) return;
    this.#requests = requests;
    const { list, pinned } = requests;
    const index = shownIndex(requests);
    const request = list[index];
    this.#slider.disabled = list.length === 0;
    this.#slider.min = String(Math.min(this.#offset(), maxRequests - 1));
    this.#slider.max = String(maxRequests - 1);
    this.#slider.value = String(index + this.#offset());
    this.#slider.setAttribute('aria-valuetext', request === undefined ? 'none' : describeRequest(request));
    // A disabled button would lose the focus.
    this.#previous.setAttribute('aria-disabled', String(index <= 0));
    this.#next.setAttribute('aria-disabled', String(index >= list.length - 1));
    this.#pin.setAttribute('aria-pressed', String(pinned !== null));
    setText(this.#pin, pinned === null ? 'Pin' : 'Pinned');
    find(this.#root, '#strip svg').replaceChildren(...this.#columns(list, index));
  }

  #columns(list: readonly RequestRecord[], shown: number): Node[] {
    return list.flatMap((request, index) => {
      const limit = deadlineOf(request) ?? 5_000;
      const share = Math.log10(1 + request.duration * 10) / Math.log10(1 + limit * 10);
      const barHeight = Math.max(3, Math.min(1, share) * (height - 2));
      const x = (this.#offset() + index) * column;
      const kind = request.complete ? 'ok' : request.calls.some(hasExceededDeadline) ? 'cut' : 'failed';
      return [
        ...(index === shown ? [svg('rect', { class: 'shown', x, y: 0, width: column, height })] : []),
        svg('rect', { class: kind, x: x + 1.5, y: height - barHeight, width: column - 3, height: barHeight }),
        ...(request.complete ? [] : [svg('rect', { class: 'mark', x: x + 1.5, y: 0, width: column - 3, height: 3 })]),
      ];
    });
  }
}

function describeRequest(request: RequestRecord): string {
  const when = request.startedAt === null ? '' : `${formatLocalSecond(request.startedAt)}, `;
  return `${when}${request.complete ? 'complete' : 'degraded'}, ${milliseconds(request.duration)}`;
}
