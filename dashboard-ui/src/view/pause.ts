// SPDX-License-Identifier: BSL-1.0
import { findAs } from './dom.ts';

/** The button that pauses the display, and the connection state, which can also end the pause. */
export class PauseButton {
  readonly #button: HTMLButtonElement;
  readonly #connection: HTMLButtonElement;

  /** `toggle` is called when the button is pressed. */
  constructor(root: ParentNode, toggle: () => void) {
    this.#button = findAs(root, '#pause', HTMLButtonElement);
    this.#connection = findAs(root, '#connection', HTMLButtonElement);
    this.#button.addEventListener('click', toggle);
  }

  render(isPaused: boolean, isLocked: boolean): void {
    this.#button.setAttribute('aria-pressed', String(isPaused));
    this.#button.hidden = isLocked;
    this.#connection.title = isPaused ? 'Resume the display' : 'Reconnect now';
  }
}
