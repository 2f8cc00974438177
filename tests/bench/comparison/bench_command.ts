// SPDX-License-Identifier: BSL-1.0
// Measures the cost of a request for several servers. README.md describes the method and the interpretation.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { findProgram } from '../../e2e/support/backends.ts';
import { terminateChildrenOnExit } from '../../e2e/support/processes.ts';
import { compare, describeMachine, formatTable } from './comparison.ts';
import type { Comparison, Options, Result } from './comparison.ts';
import { aggregateComparison, middlewareComparison, proxyComparison, timeComparison, tlsComparison } from './comparisons.ts';
import { databaseComparison } from './databases.ts';
import { loadCore } from './measurement.ts';

const comparisons: Record<string, (directory: string) => Promise<Comparison & { stop?(): Promise<void> }>> = {
  time: (directory) => Promise.resolve(timeComparison(directory)),
  aggregate: aggregateComparison,
  tls: (directory) => Promise.resolve(tlsComparison(directory)),
  proxy: proxyComparison,
  databases: databaseComparison,
  middleware: (directory) => Promise.resolve(middlewareComparison(directory)),
};

const usage = `Usage: ./dev bench [quick] [COMPARISON…] [flags]
Comparisons: ${Object.keys(comparisons).join(', ')}; default: time, aggregate, tls and proxy
quick: one round of 2 s of time and aggregate without the counts; at most three minutes after the first build
  --rounds N          CPU time measurements per server, in turn (default 3); 0: only the counts
  --seconds N         duration of each measurement in seconds, 1 to 60 (default 4)
  --connections N     keep-alive connections, 1 to 1000 (default: 64; aggregate: 32)
  --only TEXT         only the baseline and servers whose name contains TEXT; can be repeated
  --json FILE         write all measurements to FILE`;

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function parseOptions() {
  try {
    const text = { type: 'string' } as const;
    const options = { rounds: text, seconds: text, connections: text, json: text, only: { ...text, multiple: true as const } };
    return parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function parseInteger(flag: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) fail(`--${flag}: invalid value "${text}"; expected an integer from ${min} to ${max}`);
  return value;
}

const { values, positionals } = parseOptions();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const isQuick = positionals[0] === 'quick';
const comparisonNames = isQuick ? positionals.slice(1) : positionals;
for (const name of comparisonNames) if (!(name in comparisons)) fail(`unknown comparison "${name}"\n${usage}`);
const selected = comparisonNames.length > 0 ? comparisonNames : isQuick ? ['time', 'aggregate'] : ['time', 'aggregate', 'tls', 'proxy'];
const options: Options = {
  rounds: parseInteger('rounds', values.rounds, 0, 100) ?? (isQuick ? 1 : 3),
  seconds: parseInteger('seconds', values.seconds, 1, 60) ?? (isQuick ? 2 : 4),
  counts: !isQuick,
};
const connections = parseInteger('connections', values.connections, 1, 1000);
if (cpus().length < 2) fail('two processors are required: one for the server, one for the load');
for (const tool of ['wrk', 'taskset', 'curl', ...(options.counts ? ['strace'] : [])]) {
  if (findProgram([tool]) === undefined) fail(`${tool} is not installed; run ./dev setup bench`);
}

for (const name of ['API_KEY', 'API_KEY_FILE', 'RATE_LIMIT', 'LOG_LEVEL', 'LOG_FORMAT', 'ENABLE_FAULTS']) delete process.env[name];
terminateChildrenOnExit();
// Pins this program to the processor of the load generator, too.
execFileSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)], { stdio: 'ignore' });
console.log(`${describeMachine()}, load average ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]} at the start\n`);
const report: Record<string, Result[]> = {};
for (const name of selected) {
  const directory = mkdtempSync(join(tmpdir(), 'cohort-bench-'));
  const comparison = await comparisons[name]!(directory);
  if (connections !== undefined) comparison.connections = connections;
  const { only } = values;
  if (only) {
    comparison.servers = comparison.servers.filter((server, i) => i === 0 || only.some((text) => server.name.includes(text)));
  }
  try {
    const results = await compare(comparison, options, directory);
    report[name] = results;
    console.log(`${comparison.title}, ${comparison.connections} keep-alive connections\n`);
    console.log(`${formatTable(comparison, options, results)}\n`);
  } finally {
    await comparison.stop?.();
    rmSync(directory, { recursive: true, force: true });
  }
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ machine: describeMachine(), ...options, comparisons: report }, undefined, 1)}\n`);
}
process.exit(0);
