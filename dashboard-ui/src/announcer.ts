/** Says of a set of subjects what has changed since it was last asked, for a live region. */
export class Announcer {
  readonly #said = new Map<string, string>();

  /**
   * A null state is one on the way to another and is passed over. A subject's first state is not news when it is `expected`.
   */
  changes(subjects: readonly { name: string; state: string | null; expected: string }[]): string {
    const news: string[] = [];
    for (const { name, state, expected } of subjects) {
      if (state === null || state === (this.#said.get(name) ?? expected)) continue;
      news.push(`${name}: ${state}.`);
      this.#said.set(name, state);
    }
    return news.join(' ');
  }
}
