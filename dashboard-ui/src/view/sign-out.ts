// SPDX-License-Identifier: BSL-1.0
import { findAs, setOptionalText } from './dom.ts';

export interface SignOutActions {
  /** Returns whether the session has ended. */
  signOut(): Promise<boolean>;
  ended(): void;
  announce(text: string): void;
}

const failure = 'The server could not end the session. Try again.';

/** The button that ends the session; shown only during a session. */
export class SignOutButton {
  readonly #actions: SignOutActions;
  readonly #button: HTMLButtonElement;
  readonly #error: HTMLElement;

  constructor(root: ParentNode, actions: SignOutActions) {
    this.#actions = actions;
    this.#button = findAs(root, '#sign-out', HTMLButtonElement);
    this.#error = findAs(root, '#sign-out-error', HTMLElement);
    this.#button.addEventListener('click', () => {
      if (!this.#button.disabled) void this.#send();
    });
  }

  show(isVisible: boolean): void {
    this.#button.hidden = !isVisible;
    if (!isVisible) setOptionalText(this.#error, null);
  }

  async #send(): Promise<void> {
    this.#button.disabled = true;
    setOptionalText(this.#error, null);
    const ended = await this.#actions.signOut();
    this.#button.disabled = false;
    if (ended) {
      this.#actions.ended();
    } else {
      setOptionalText(this.#error, failure);
      this.#actions.announce(failure);
    }
  }
}
