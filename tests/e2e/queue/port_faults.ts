// SPDX-License-Identifier: BSL-1.0
import { execFileSync, spawnSync } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Whether this process can partition a port: as root, with iptables. */
export function canPartition(): boolean {
  try {
    execFileSync('iptables', ['-L', 'INPUT', '-n'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Drops all packets to and from a TCP port on loopback while `action` runs, as a network partition does. */
export async function partition(port: number, action: () => Promise<void>): Promise<void> {
  const inserted: string[][] = [];
  const heal = (): void => {
    for (const rule of inserted.splice(0)) spawnSync('iptables', ['-D', ...rule], { stdio: 'inherit' });
  };
  process.once('exit', heal);
  try {
    for (const side of ['--dport', '--sport']) {
      const rule = ['INPUT', '-i', 'lo', '-p', 'tcp', side, String(port), '-j', 'DROP'];
      execFileSync('iptables', ['-I', ...rule]);
      inserted.push(rule);
    }
    await action();
  } finally {
    process.removeListener('exit', heal);
    heal();
  }
}

/** Forwards connections to a port on loopback, and counts them. */
export class CountingRelay {
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server;

  constructor(port: number) {
    this.server = createServer((client) => {
      this.connections += 1;
      const broker = createConnection(port, '127.0.0.1');
      for (const [from, to] of [[client, broker], [broker, client]] as const) {
        this.sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  /** Starts listening and returns the port. */
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
