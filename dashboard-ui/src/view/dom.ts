/** The only element in `root` that the selector finds; a missing one is a fault of the page, not of its data. */
export function find(root: ParentNode, selector: string): Element {
  const found = root.querySelector(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

/** As `find`, for an element of a known class. */
export function findAs<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = find(root, selector);
  if (!(found instanceof type)) throw new Error(`${selector} is not a ${type.name}`);
  return found;
}

/** Leaves an equal text alone, so that a selection in it survives the next event. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows a line that is there only while it has something to say. */
export function setOptional(element: HTMLElement, text: string | null): void {
  element.hidden = text === null;
  setText(element, text ?? '');
}
