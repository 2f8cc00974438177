// SPDX-License-Identifier: BSL-1.0
/** The first element that matches the selector. Throws if there is none, which is an error in the page. */
export function find(root: ParentNode, selector: string): Element {
  const found = root.querySelector(selector);
  if (found === null) throw new Error(`no element matches ${selector}`);
  return found;
}

/** As `find`, for an element of a known class. */
export function findAs<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = find(root, selector);
  if (!(found instanceof type)) throw new Error(`${selector} is not a ${type.name}`);
  return found;
}

/** Does not touch an equal text, which preserves a selection in it. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets the text; null hides the element. */
export function setOptional(element: HTMLElement, text: string | null): void {
  element.hidden = text === null;
  setText(element, text ?? '');
}
