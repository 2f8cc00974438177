// SPDX-License-Identifier: BSL-1.0
/** The first element that matches the selector. Throws if no element matches, which indicates a bug of the page. */
export function find(root: ParentNode, selector: string): Element {
  const found = root.querySelector(selector);
  if (found === null) throw new Error(`no element matches ${selector}`);
  return found;
}

/** Like `find`, for an element of a known class. */
export function findAs<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = find(root, selector);
  if (!(found instanceof type)) throw new Error(`${selector} is not a ${type.name}`);
  return found;
}

/** Sets the text unless it is equal, to preserve a selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets the text; null hides the element. */
export function setOptionalText(element: HTMLElement, text: string | null): void {
  element.hidden = text === null;
  setText(element, text ?? '');
}

type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element. Positions are attributes, since the content security policy forbids inline styles. */
export function svg(name: string, attributes: Attributes, ...children: readonly (Node | string)[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A position from 0 to 1 as a percentage. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
