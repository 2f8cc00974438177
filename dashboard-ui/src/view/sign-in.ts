// SPDX-License-Identifier: BSL-1.0
import type { SignInResult } from '../stream/session.ts';
import { findAs, setText } from './dom.ts';

const messages: Record<Exclude<SignInResult, 'accepted'>, string> = {
  rejected: 'Invalid API key',
  limited: 'Too many attempts. Try again in a minute.',
  unavailable: 'The server could not verify the key. Try again.',
};

export interface SignInActions {
  signIn(key: string): Promise<SignInResult>;
  accepted(): void;
  announce(text: string): void;
}

/** Form for the API key. The field contains the key only until it is sent. */
export class SignInForm {
  readonly #actions: SignInActions;
  readonly #form: HTMLFormElement;
  readonly #key: HTMLInputElement;
  readonly #submit: HTMLButtonElement;
  readonly #error: HTMLElement;

  constructor(form: HTMLFormElement, actions: SignInActions) {
    this.#actions = actions;
    this.#form = form;
    this.#key = findAs(form, '#key', HTMLInputElement);
    this.#submit = findAs(form, 'button', HTMLButtonElement);
    this.#error = findAs(form, '.error', HTMLElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#submit.disabled) void this.#send();
    });
  }

  show(isVisible: boolean): void {
    if (this.#form.hidden === !isVisible) return;
    this.#form.hidden = !isVisible;
    if (isVisible) this.#key.focus();
  }

  async #send(): Promise<void> {
    const key = this.#key.value;
    this.#submit.disabled = true;
    // Clears the text first, because a live region announces a message only if its text changes.
    setText(this.#error, '');
    this.#actions.announce('');
    const result = await this.#actions.signIn(key);
    this.#submit.disabled = false;
    this.#key.value = '';
    const message = result === 'accepted' ? '' : messages[result];
    setText(this.#error, message);
    this.#key.setAttribute('aria-invalid', String(message !== ''));
    if (result === 'accepted') {
      this.#actions.accepted();
    } else {
      this.#actions.announce(message);
      this.#key.focus();
    }
  }
}
