import type { SignInResult } from '../session.ts';
import { findAs, setText } from './dom.ts';

const refusals: Record<Exclude<SignInResult, 'accepted'>, string> = {
  rejected: 'Invalid API key',
  limited: 'Too many attempts. Try again in a minute.',
  unavailable: 'The server could not check the key. Try again.',
};

export interface SignInActions {
  signIn(key: string): Promise<SignInResult>;
  accepted(): void;
  announce(text: string): void;
}

/** The form that asks for the key once; the key lives only in its field, and only until it is sent. */
export class SignInForm {
  readonly #actions: SignInActions;
  readonly #form: HTMLFormElement;
  readonly #key: HTMLInputElement;
  readonly #submit: HTMLButtonElement;
  readonly #refusal: HTMLElement;

  constructor(form: HTMLFormElement, actions: SignInActions) {
    this.#actions = actions;
    this.#form = form;
    this.#key = findAs(form, 'input', HTMLInputElement);
    this.#submit = findAs(form, 'button', HTMLButtonElement);
    this.#refusal = findAs(form, '.refusal', HTMLElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#submit.disabled) void this.#send();
    });
  }

  show(visible: boolean): void {
    if (this.#form.hidden === !visible) return;
    this.#form.hidden = !visible;
    if (visible) this.#key.focus();
  }

  async #send(): Promise<void> {
    const key = this.#key.value;
    this.#submit.disabled = true;
    // The same refusal twice is news twice, yet an unchanged text would not be spoken.
    setText(this.#refusal, '');
    this.#actions.announce('');
    const result = await this.#actions.signIn(key);
    this.#submit.disabled = false;
    this.#key.value = '';
    const refusal = result === 'accepted' ? '' : refusals[result];
    setText(this.#refusal, refusal);
    this.#key.setAttribute('aria-invalid', String(refusal !== ''));
    if (result === 'accepted') {
      this.#actions.accepted();
    } else {
      this.#actions.announce(refusal);
      this.#key.focus();
    }
  }
}
