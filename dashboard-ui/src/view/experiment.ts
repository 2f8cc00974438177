// SPDX-License-Identifier: BSL-1.0
import type { ExperimentSettings, ReceivedExperiment } from '../request/experiment.ts';
import { toExperimentView, type ExperimentView } from '../request/experiment-view.ts';
import { milliseconds } from '../format.ts';
import type { StartResult } from '../stream/session.ts';
import { find, findAs, setText } from './dom.ts';
import { renderWaterfall, updateSavedTime } from './components/waterfall.ts';

export interface ExperimentActions {
  start(settings: ExperimentSettings): Promise<StartResult>;
  announce(text: string): void;
}

/** The controls of experiments with an injected fault, and the waterfalls of the two measured requests. */
export class ExperimentPanel {
  readonly #actions: ExperimentActions;
  readonly #panel: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #results: HTMLElement;
  readonly #figures: readonly HTMLElement[];
  #isStarting = false;
  /** The reason why the server has not started an experiment; null after the next event. */
  #rejection: string | null = null;
  #lastReceived: unknown = null;
  #announced = '';
  #end = 0;
  #width = 0;

  constructor(root: ParentNode, actions: ExperimentActions) {
    this.#actions = actions;
    this.#panel = findAs(root, '#experiment', HTMLElement);
    this.#button = findAs(this.#panel, 'button', HTMLButtonElement);
    this.#results = findAs(this.#panel, '.measurements', HTMLElement);
    this.#figures = [...this.#panel.querySelectorAll<HTMLElement>('.measurement')];
    for (const input of this.#inputs()) {
      input.addEventListener('input', () => showValue(input));
      showValue(input);
    }
    findAs(this.#panel, 'form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#button.disabled) void this.#start();
    });
  }

  /** Returns whether any bar is growing. Without an experiment, the panel is hidden. */
  render(received: ReceivedExperiment | null, isLive: boolean, now: number): boolean {
    this.#panel.hidden = received === null;
    if (received === null) return false;
    const view = toExperimentView(received.value, now);
    this.#button.disabled = view.isRunning || this.#isStarting || !isLive;
    setText(this.#button, view.isRunning ? 'Running …' : 'Run');
    if (this.#lastReceived !== received) this.#rejection = null;
    const status = findAs(this.#panel, '.status', HTMLElement);
    setText(status, this.#rejection ?? view.status);
    status.dataset['tone'] = this.#rejection === null ? view.tone : 'bad';
    // The positions of the labels depend on the width.
    const width = this.#panel.clientWidth;
    if (this.#lastReceived !== received || view.isRunning || width !== this.#width) this.#draw(view);
    this.#width = width;
    this.#lastReceived = received;
    this.#announceEnd(received, view);
    return view.isRunning && isLive;
  }

  #draw(view: ExperimentView): void {
    this.#results.hidden = view.measurements.length === 0;
    const isRescaled = view.end !== this.#end;
    this.#end = view.end;
    this.#figures.forEach((figure, index) => {
      const measured = view.measurements[index];
      if (measured === undefined) return;
      const wasRunning = figure.dataset['done'] === 'false';
      figure.dataset['done'] = String(measured.isDone);
      // Draws a result only once, so that its animation runs only once.
      if (measured.isDone && !wasRunning && view.isRunning && !isRescaled) {
        updateSavedTime(findAs(figure, 'figure', HTMLElement), measured.waterfall);
        return;
      }
      setText(find(figure, '.answered'), measured.summary);
      renderWaterfall(findAs(figure, 'figure', HTMLElement), measured.waterfall, measured.description, measured.isDone && wasRunning);
    });
  }

  #announceEnd(received: ReceivedExperiment, view: ExperimentView): void {
    const { number, phase } = received.value;
    const ended = phase === 'done' || phase === 'failed' ? `${number} ${phase}` : '';
    if (view.isRunning) this.#announced = 'running';
    else if (this.#announced === 'running' && ended !== '') this.#actions.announce(view.status);
    if (!view.isRunning) this.#announced = ended;
  }

  async #start(): Promise<void> {
    this.#isStarting = true;
    this.#button.disabled = true;
    const value = (name: string) => Number(findAs(this.#panel, `input[name=${name}]`, HTMLInputElement).value);
    const result = await this.#actions.start({
      latencyMs: value('latency'),
      errorPercent: value('errors'),
      deadlineMs: value('deadline'),
    });
    this.#isStarting = false;
    this.#rejection = result === 'started' ? null : rejections[result];
    if (this.#rejection === null) return;
    setText(find(this.#panel, '.status'), this.#rejection);
    this.#button.disabled = false;
    this.#actions.announce(this.#rejection);
  }

  #inputs(): HTMLInputElement[] {
    return [...this.#panel.querySelectorAll('input')];
  }
}

const rejections: Record<Exclude<StartResult, 'started'>, string> = {
  busy: 'Another experiment is running.',
  rejected: 'The server rejected the experiment.',
  unavailable: 'The server could not start the experiment. Try again.',
};

/** Shows the value of a slider beside the slider, and as its accessible value. */
function showValue(input: HTMLInputElement): void {
  const text = input.name === 'errors' ? `${input.value} %` : milliseconds(Number(input.value));
  input.setAttribute('aria-valuetext', text);
  const shown = input.parentElement?.querySelector('.value');
  if (shown) setText(shown, text);
}
