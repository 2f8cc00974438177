// SPDX-License-Identifier: BSL-1.0
import type { ChildProcess } from 'node:child_process';

/** A message broker on loopback, which the test kills, restarts, freezes and partitions. */
export interface MessageBroker {
  readonly name: string;
  /** The broker's response to a wrong password, as the services log it. */
  readonly rejection: string;
  /** Time after which a new subscriber receives the published messages, or its share of them. */
  readonly subscribeSeconds: number;
  /** Maximum time, after `subscribeSeconds` from a restart of the broker, until a subscriber receives messages again. */
  readonly recoverySeconds: number;
  /** With a password, the URL has credentials that are valid if it is `guest`. */
  url(password?: string): string;
  /** The port of `url()`. */
  readonly port: number;
  /** TLS URLs with a trusted and an untrusted authority; undefined if the test uses this broker without TLS. */
  readonly tlsUrls?: { trustedUrl: string; untrustedUrl: string };
  /** Starts the broker, and waits until it accepts connections. */
  run(): Promise<void>;
  /** Sends a signal to all of its processes. */
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}

/** The process of a broker, of which at most one runs. */
export abstract class BrokerProcess {
  protected child: ChildProcess | undefined;

  abstract signal(name: NodeJS.Signals): void;

  /** Kills the process and waits for its exit. */
  async kill(): Promise<void> {
    const child = this.child;
    if (child === undefined) return;
    const exitEvent = new Promise((resolve) => child.once('exit', resolve));
    this.signal('SIGKILL');
    await exitEvent;
    this.child = undefined;
  }
}
