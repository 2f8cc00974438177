// SPDX-License-Identifier: BSL-1.0
// Measures a running server. The load generator and the upstreams run on processor 1, the server on processor 0.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { pause } from '../../e2e/support/assertions.ts';
import { findLoadReport } from '../../e2e/support/load_report.ts';
import { root, runSuccessfully } from '../../e2e/support/processes.ts';
import { RunningServer } from './server.ts';
import type { Server } from './server.ts';

export const serverCore = 0;
export const loadCore = 1;

/** Sends requests in a closed loop. Returns the number of successful requests. Throws if one failed. */
export async function sendLoad(url: string, connections: number, seconds: number): Promise<number> {
  const args = ['-c', String(loadCore), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', url];
  const report = await runSuccessfully('taskset', args);
  const requests = Number(/(\d+) requests in /.exec(report)?.[1] ?? 0);
  if (requests === 0 || /Non-2xx|Socket errors/.test(report)) throw new Error(`errors under load:\n${report}`);
  return requests;
}

/** Calls `check` with a response every 200 ms while `work` runs. */
async function checkDuring<T>(running: RunningServer, check: (body: string) => void, work: () => Promise<T>): Promise<T> {
  let finished = false;
  const checks = async (): Promise<void> => {
    while (!finished) {
      check(running.get().body);
      await pause(200);
    }
  };
  const [result] = await Promise.all([work().finally(() => (finished = true)), checks()]);
  return result;
}

export interface ClosedLoopResult {
  /** CPU time of the server per request. */
  cpuMicroseconds: number;
  requestsPerSecond: number;
}

/** Measures the CPU time of a request in a closed loop. `check` throws if a body is invalid. */
export async function measureCpuTime(
  running: RunningServer,
  connections: number,
  seconds: number,
  check: (body: string) => void,
): Promise<ClosedLoopResult> {
  await sendLoad(running.url, connections, running.server.warmUpSeconds ?? 1);
  const before = running.cpuNanoseconds();
  const requests = await checkDuring(running, check, () => sendLoad(running.url, connections, seconds));
  return { cpuMicroseconds: (running.cpuNanoseconds() - before) / requests / 1000, requestsPerSecond: requests / seconds };
}

/** Returns the 99th percentile of the response time in an open loop, in milliseconds; undefined if requests failed. */
export async function measureP99(running: RunningServer, rate: number, seconds: number): Promise<number | undefined> {
  const loadgen = join(root, 'build/bench/bin/loadgen');
  const flags = ['-q', '-m', 'constant', '-d', String(seconds), '-r', String(rate), '--no-preflight', '--json', '/dev/stdout'];
  const args = ['-c', String(loadCore), loadgen, ...flags, '--target', `server=${running.url}`];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  const totals = findLoadReport(output)?.totals;
  if (totals === undefined) throw new Error(`loadgen printed no report for ${running.url}:\n${output.slice(-1000)}`);
  return totals.outcomes['2xx'] === totals.planned ? totals.response.p99_us / 1000 : undefined;
}

/** Returns the number of allocations per request. */
export async function countAllocations(
  server: Server,
  connections: number,
  directory: string,
  environment: Record<string, string>,
): Promise<number> {
  const file = join(directory, 'allocations');
  rmSync(file, { force: true });
  const running = await RunningServer.start(server, serverCore, directory, {
    ...environment,
    LD_PRELOAD: join(root, 'build/bench/bin/count_allocations.so'),
    COHORT_ALLOCATIONS_FILE: file,
  });
  try {
    const count = (): number => Number(readFileSync(file).readBigUInt64LE());
    await sendLoad(running.url, connections, 1);
    const before = count();
    const requests = await sendLoad(running.url, connections, 2);
    return (count() - before) / requests;
  } finally {
    await running.stop();
  }
}

/** Returns the number of system calls per request: in total, and by name for frequent system calls. */
export async function countSystemCalls(
  running: RunningServer,
  connections: number,
  directory: string,
): Promise<{ total: number; byName: Record<string, number> }> {
  const file = join(directory, 'system-calls');
  const processes = running.processes().flatMap((pid) => ['-p', String(pid)]);
  const tracer = spawn('strace', ['-c', '-f', '-U', 'name,calls', '-o', file, ...processes], { stdio: 'ignore' });
  const tracerExit = new Promise((resolve, reject) => tracer.on('exit', resolve).on('error', reject));
  // strace prints nothing when it has attached to the process.
  await pause(300);
  const requests = await sendLoad(running.url, connections, 2);
  tracer.kill('SIGINT');
  await tracerExit;
  const byName: Record<string, number> = {};
  let total = 0;
  for (const [, name = '', calls] of readFileSync(file, 'utf8').matchAll(/^\s*(\w+)\s+(\d+)\s*$/gm)) {
    if (name === 'total') continue;
    const callsPerRequest = Number(calls) / requests;
    total += callsPerRequest;
    if (callsPerRequest >= 0.05) byName[name] = callsPerRequest;
  }
  return { total, byName };
}
