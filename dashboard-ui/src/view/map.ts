// SPDX-License-Identifier: BSL-1.0
import { describeMap, mapTableHead, toMapView, type LinkView, type MapView } from '../map/map-view.ts';
import type { Traffic } from '../map/traffic.ts';
import { findAs, setText, svg } from './dom.ts';
import { renderTable } from './components/table.ts';

/** Units of the drawing of an arrow, in pixels. */
const arrowHeight = 14;
const middle = arrowHeight / 2;

/** The panel with the arrows between the services. */
export class MapPanel {
  readonly #panel: HTMLElement;
  readonly #drawing: HTMLElement;
  readonly #details: HTMLDetailsElement;
  #drawn = '';

  /** `changed` is called when the panel must be rendered again. */
  constructor(panel: HTMLElement, changed: () => void) {
    this.#panel = panel;
    this.#drawing = findAs(panel, '.map', HTMLElement);
    this.#details = findAs(panel, 'details', HTMLDetailsElement);
    this.#details.addEventListener('toggle', changed);
  }

  /** `isLive`: whether events arrive. */
  render(traffic: Traffic, isLive: boolean): void {
    const view = toMapView(traffic, isLive);
    if (this.#details.open) renderTable(findAs(this.#details, 'table', HTMLTableElement), mapTableHead, view.rows);
    const text = JSON.stringify(view);
    if (text === this.#drawn) return;
    this.#drawn = text;
    setText(findAs(this.#panel, '.summary', HTMLElement), view.summary);
    this.#drawing.classList.toggle('dimmed', view.isDimmed);
    this.#drawing.setAttribute('aria-label', describeMap(view));
    this.#drawing.replaceChildren(...drawMap(view));
  }
}

function drawMap(view: MapView): Node[] {
  return [
    element('div', 'node root', element('b', '', 'dashboard')),
    ...view.services.flatMap((link, index) => drawLink(link, 'service', index + 1, index + 1 === view.services.length)),
    ...view.providers.flatMap((link, index) => drawLink(link, 'provider', index + 1, view.providers.length === 1)),
    legend(),
  ];
}

/** `isTall`: whether the node is two rows high. */
function drawLink(link: LinkView, kind: string, row: number, isTall: boolean): Node[] {
  const texts = element('div', `link ${kind}`, element('b', 'rate', link.rate), drawArrow(link), element('span', 'detail', link.detail));
  const note = link.note === '' ? [] : [element('span', 'note', link.note)];
  const node = element('div', `node ${kind}`, element('b', '', link.to), ...note);
  for (const part of [texts, node]) {
    part.dataset['state'] = link.state;
    part.dataset['row'] = String(row);
    part.classList.toggle('tall', isTall);
  }
  return [texts, node];
}

/** Draws an arrow. A gap with a switch symbol indicates an open breaker, in addition to the color. */
function drawArrow(link: LinkView): SVGElement {
  const weight = { 'stroke-width': link.weight };
  const size = 4 + link.weight;
  const head = svg('svg', { x: '100%', overflow: 'visible' });
  head.append(svg('path', { class: 'head', d: `M${-2 * size} ${middle - size}L0 ${middle}L${-2 * size} ${middle + size}Z` }));
  const isOpen = link.state === 'open';
  const lines = isOpen
    ? [svg('line', { x1: 0, x2: '44%', y1: middle, y2: middle, ...weight }), svg('line', { x1: '56%', x2: '99%', y1: middle, y2: middle, ...weight })]
    : [svg('line', { x1: 0, x2: '99%', y1: middle, y2: middle, ...weight })];
  const gap = svg('svg', { x: '44%', width: '12%', height: arrowHeight, overflow: 'visible' });
  gap.append(svg('line', { class: 'switch', x1: 0, x2: '90%', y1: middle, y2: 0 }));
  return svg('svg', { class: 'arrow', width: '100%', height: arrowHeight, 'aria-hidden': 'true' }, ...lines, ...(isOpen ? [gap] : []), head);
}

const legendTexts: readonly (readonly [string, LinkView['state'], number])[] = [
  ['all calls succeed; thicker: more calls', 'ok', 3],
  ['some calls fail', 'failing', 3],
  ['circuit breaker open: calls are rejected', 'open', 3],
];

function legend(): HTMLElement {
  const items = legendTexts.map(([text, state, weight]) => {
    const sample = drawArrow({ from: '', to: '', note: '', state, rate: '', detail: '', weight });
    const item = element('li', 'link', sample, text);
    item.dataset['state'] = state;
    return item;
  });
  return element('ul', 'map-legend', ...items);
}

function element(name: string, className: string, ...children: readonly (Node | string)[]): HTMLElement {
  const result = document.createElement(name);
  if (className !== '') result.className = className;
  result.append(...children);
  return result;
}
