// SPDX-License-Identifier: BSL-1.0
// Opens 1,000 event streams of a dashboard service, and measures the memory and CPU time that the service uses for them.
// `./dev e2e streams [streams] [seconds]`
import { mkdtempSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { elapsed, eventually, expect, pause, reportSuccess } from './support/assertions.ts';
import { findFreePorts, root, startProcess, terminateChildrenOnExit } from './support/processes.ts';

const maxMegabytes = 30;
/** Maximum CPU utilization in percent of one core. */
const maxCpuPercent = 5;
/** Clock ticks per second in `/proc/PID/stat`, on Linux. */
const ticksPerSecond = 100;

const count = Number(process.argv[2] ?? 1_000);
const seconds = Number(process.argv[3] ?? 30);
if (!(count >= 1 && count <= 5_000 && seconds >= 5 && seconds <= 600)) {
  console.error('usage: ./dev e2e streams [streams: 1 to 5000, default 1000] [seconds: 5 to 600, default 30]');
  process.exit(2);
}

interface Usage {
  readonly cpuSeconds: number;
  readonly memoryKilobytes: number;
}

function readUsage(pid: number): Usage {
  // The name of the program, in parentheses, may contain spaces.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  const residentKilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (Number(stat[11]) + Number(stat[12])) / ticksPerSecond, memoryKilobytes: Number(residentKilobytes) };
}

/** A client that reads its stream and counts the events. */
class Client {
  events = 0;
  isOpen = true;
  private readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1', () => this.socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    this.socket.on('data', (bytes) => {
      for (let at = bytes.indexOf('event: '); at !== -1; at = bytes.indexOf('event: ', at + 1)) this.events += 1;
    });
    this.socket.on('error', () => (this.isOpen = false));
    this.socket.on('close', () => (this.isOpen = false));
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Starts the four services and returns the process ID and the port of the dashboard service. */
async function startServices(): Promise<{ pid: number; port: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-streams-'));
  const [time = 0, system = 0, weather = 0, port = 0] = await findFreePorts(4);
  const start = (name: string, servicePort: number, threads: number, args: string[] = []) =>
    startProcess(
      name,
      join(root, `build/release/bin/${name}`),
      ['--port', String(servicePort), '--threads', String(threads), '--log-level', 'error', ...args],
      join(directory, `${name}.log`),
      { API_KEY: '' },
    );
  start('time-service', time, 1);
  start('system-info-service', system, 1);
  start('weather-service', weather, 1, ['--weather-sample']);
  const urls = ['time', time, 'sysinfo', system, 'weather', weather] as const;
  const flags = [0, 2, 4].flatMap((i) => [`--${urls[i]}-service-url`, `http://127.0.0.1:${urls[i + 1]}`]);
  const dashboard = start('dashboard-service', port, 2, flags);
  for (const each of [time, system, weather, port]) {
    await eventually('the services are ready', 20, async () => (await fetch(`http://127.0.0.1:${each}/readyz`)).ok);
  }
  return { pid: dashboard.pid, port };
}

async function measure(pid: number, clients: readonly Client[]): Promise<{ cpuPercent: number; eventsPerSecond: number }> {
  const events = () => clients.reduce((sum, client) => sum + client.events, 0);
  const [before, start, initialEventCount] = [readUsage(pid), elapsed(), events()];
  // This program is idle during the measurement.
  await pause(seconds * 1000);
  const span = (elapsed() - start) / 1000;
  return { cpuPercent: (100 * (readUsage(pid).cpuSeconds - before.cpuSeconds)) / span, eventsPerSecond: (events() - initialEventCount) / span };
}

terminateChildrenOnExit();
const { pid, port } = await startServices();
const clients = [new Client(port)];
await eventually('the first client receives events', 10, async () => clients[0]!.events > 5);
const before = readUsage(pid);
const one = await measure(pid, clients);
while (clients.length < count) {
  clients.push(...Array.from({ length: Math.min(50, count - clients.length) }, () => new Client(port)));
  await eventually('all clients receive events', 20, async () => clients.every((client) => client.events > 5));
}
const all = await measure(pid, clients);
expect(clients.every((client) => client.isOpen), 'all streams are open');
const megabytes = (readUsage(pid).memoryKilobytes - before.memoryKilobytes) / 1000;
reportSuccess(`${count} streams: ${megabytes.toFixed(1)} MB (${((1000 * megabytes) / count).toFixed(1)} KB each) above the ${(before.memoryKilobytes / 1000).toFixed(1)} MB of one`);
reportSuccess(`${all.cpuPercent.toFixed(1)} % of a core for ${all.eventsPerSecond.toFixed(0)} events/s; ${one.cpuPercent.toFixed(1)} % for one stream`);
for (const client of clients) client.close();
expect(megabytes <= maxMegabytes, `at most ${maxMegabytes} MB`);
expect(all.cpuPercent <= maxCpuPercent, `at most ${maxCpuPercent} % of a core`);
process.exit(0);
