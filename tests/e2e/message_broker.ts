// SPDX-License-Identifier: BSL-1.0

/** A message broker on loopback, which the test kills, restarts and freezes. */
export interface MessageBroker {
  readonly name: string;
  /** What the broker answers to a wrong password, as the services log it. */
  readonly refusal: string;
  /** A subscriber without a group receives messages that are published this long after its start. */
  readonly subscribeSeconds: number;
  /** With a password, the URL has credentials that are valid if it is `guest`. */
  url(password?: string): string;
  /** Starts the broker, and waits until it accepts connections. */
  run(): Promise<void>;
  /** Sends a signal to all of its processes. */
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}
