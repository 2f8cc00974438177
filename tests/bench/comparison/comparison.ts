// SPDX-License-Identifier: BSL-1.0
import { cpus } from 'node:os';

import { countAllocations, countSystemCalls, measureCpuTime, measureP99, serverCore } from './measurement.ts';
import { RunningServer } from './server.ts';
import type { Server } from './server.ts';

/** Servers that respond to the same request. The first one is the baseline. */
export interface Comparison {
  title: string;
  servers: Server[];
  connections: number;
  /** Throws if a body is invalid. */
  check(body: string): void;
  /** Variables for all servers. */
  environment?: Record<string, string>;
  /** Rate of an open loop whose 99th percentile is measured, in requests per second. */
  openLoopRate?: number;
}

export interface Options {
  rounds: number;
  seconds: number;
  counts: boolean;
}

export interface Result {
  server: string;
  bytes: number;
  /** CPU time per request in each round, in microseconds. */
  cpuMicroseconds: number[];
  requestsPerSecond: number[];
  allocations?: number;
  systemCalls?: { total: number; byName: Record<string, number> };
  /** The 99th percentile in an open loop, in milliseconds, for each round; null if it was not measured or requests failed. */
  p99Milliseconds: (number | null)[];
}

/** Measures all servers in turn, so that other load on the machine affects all of them equally. */
export async function compare(comparison: Comparison, options: Options, directory: string): Promise<Result[]> {
  const { connections, environment = {} } = comparison;
  const results = new Map<Server, Result>();
  for (const server of comparison.servers) {
    try {
      const running = await RunningServer.start(server, serverCore, directory, environment);
      const { body, bytes } = running.get();
      await running.stop();
      comparison.check(body);
      results.set(server, {
        server: server.name, bytes, cpuMicroseconds: [], requestsPerSecond: [], p99Milliseconds: [],
      });
    } catch (error) {
      console.log(`SKIP  ${server.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const [server, result] of results) {
      const running = await RunningServer.start(server, serverCore, directory, environment);
      try {
        await measureRound(comparison, options, running, result);
      } finally {
        await running.stop();
      }
      console.error(`round ${round}: ${server.name} ${result.cpuMicroseconds.at(-1)?.toFixed(2)} µs`);
    }
  }
  if (options.counts) {
    for (const [server, result] of results) {
      if (server.usesMalloc) result.allocations = await countAllocations(server, connections, directory, environment);
      const running = await RunningServer.start(server, serverCore, directory, environment);
      try {
        result.systemCalls = await countSystemCalls(running, connections, directory);
      } finally {
        await running.stop();
      }
    }
  }
  return [...results.values()];
}

async function measureRound(comparison: Comparison, options: Options, running: RunningServer, result: Result): Promise<void> {
  const { cpuMicroseconds, requestsPerSecond } = await measureCpuTime(
    running, comparison.connections, options.seconds, (body) => comparison.check(body),
  );
  result.cpuMicroseconds.push(cpuMicroseconds);
  result.requestsPerSecond.push(requestsPerSecond);
  if (comparison.openLoopRate === undefined) return;
  // A server is not measured above three quarters of its capacity, because the queue would determine the latency.
  const isWithinCapacity = comparison.openLoopRate < (0.75 * 1e6) / cpuMicroseconds;
  const p99 = isWithinCapacity ? await measureP99(running, comparison.openLoopRate, options.seconds) : undefined;
  result.p99Milliseconds.push(p99 ?? null);
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

function formatMedian(values: (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? '–' : `${median(known).toFixed(2)} ms`;
}

function formatCalls({ total, byName }: { total: number; byName: Record<string, number> }): string {
  const parts = Object.entries(byName).sort(([, a], [, b]) => b - a);
  return `${total.toFixed(2)}: ${parts.map(([name, count]) => `${name} ${count.toFixed(2)}`).join(', ')}`;
}

/** Returns the results as a table in Markdown, sorted by CPU time. */
export function formatTable(comparison: Comparison, options: Options, results: Result[]): string {
  const columns: [string, (result: Result) => string][] = [['server', ({ server }) => server]];
  const baseline = median(results[0]?.cpuMicroseconds ?? []);
  if (options.rounds > 0) {
    columns.push(
      ['CPU µs (min … max)', ({ cpuMicroseconds: times }) =>
        `${median(times).toFixed(2)} (${Math.min(...times).toFixed(2)} … ${Math.max(...times).toFixed(2)})`],
      ['× baseline', ({ cpuMicroseconds }) => (median(cpuMicroseconds) / baseline).toFixed(2)],
    );
  }
  columns.push(['bytes', ({ bytes }) => String(bytes)]);
  if (comparison.openLoopRate !== undefined && options.rounds > 0) {
    columns.push([`p99 at ${comparison.openLoopRate.toLocaleString('en')}/s`, (result) => formatMedian(result.p99Milliseconds)]);
  }
  if (options.counts) {
    columns.push(
      ['allocations', ({ allocations }) => allocations?.toFixed(2) ?? '–'],
      ['system calls', ({ systemCalls }) => (systemCalls ? formatCalls(systemCalls) : '–')],
    );
  }
  const sorted = [...results].sort((a, b) => median(a.cpuMicroseconds) - median(b.cpuMicroseconds));
  const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(columns.map(([title]) => title)),
    row(columns.map(() => '---')),
    ...sorted.map((result) => row(columns.map(([, format]) => format(result)))),
  ].join('\n');
}

/** One line about this machine. */
export function describeMachine(): string {
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
}
