#!/usr/bin/env node
// SPDX-License-Identifier: BSL-1.0
// node differential.mjs FRAMING_SERVER COUNT [SEED]: sends the same bytes to Cohort and Node.js, and through haproxy
// and nginx (if installed) to Cohort. Fails if two servers accept the same bytes as different requests, or if Cohort
// receives a request that a proxy has not forwarded as one. See README.md.
import { existsSync, writeFileSync } from 'node:fs';
import net from 'node:net';

import { inputAt, seeds } from './inputs.mjs';
import { proxyToken, startCohort, startNode, startProxy, stopAll } from './peers.mjs';

const concurrency = 32;
const timeoutMs = 5000;
const maxFailures = 20;
const [program, countText = '100000', seedText = '1'] = process.argv.slice(2);
if (!program) {
  console.error('usage: differential.mjs FRAMING_SERVER [COUNT] [SEED]');
  process.exit(2);
}
const count = Number(countText);
const seed = Number(seedText);

/** Sends the input and closes the sending direction; resolves to the bytes of the response, latin1, and the local port. */
function exchange(port, input) {
  return new Promise((resolve) => {
    let output = '';
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let localPort;
    socket.on('connect', () => {
      localPort = socket.localPort;
      socket.end(Buffer.from(input, 'latin1'));
    });
    socket.setTimeout(timeoutMs, () => { output += '\0timeout'; socket.destroy(); });
    socket.on('data', (data) => { output += data.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ output, localPort }));
  });
}

/** The requests that Cohort's responses report. The responses have no bodies except those without `X-Seen`. */
function readCohort(output) {
  const record = { requests: [], rejected: false, timedOut: output.endsWith('\0timeout') };
  for (const [head] of output.matchAll(/HTTP\/1\.1 [2-5]\d\d [^\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/g)) {
    const seen = /\r\nX-Seen: ([^\r\n]*)\r\n/.exec(head);
    const closesConnection = /\r\nConnection: close\r\n/i.test(head);
    // A response without `X-Seen` that keeps the connection open belongs to a request with another method or target.
    if (seen) record.requests.push(seen[1]);
    else if (!closesConnection) record.requests.push(null);
    record.rejected ||= closesConnection;
  }
  return record;
}

/** The reason why the requests that two servers read contradict each other; null if they do not. */
function findContradiction(a, b) {
  const shorterRecord = a.requests.length < b.requests.length ? a : b;
  for (let i = 0; i < shorterRecord.requests.length; ++i) {
    const [x, y] = [a.requests[i], b.requests[i]];
    if (x !== null && y !== null && x !== y) return `request ${i + 1} differs`;
  }
  if (a.requests.length !== b.requests.length && !shorterRecord.rejected) return 'different number of requests';
  return null;
}

const failures = [];
function fail(kind, reason, input, details) {
  failures.push({ kind, reason, input, details });
  if (failures.length <= maxFailures) console.error(`${kind}: ${reason}\n  ${JSON.stringify(input)}\n  ${details}`);
}

const totals = { inputs: 0, accepted: 0, both: 0, requests: 0, timeouts: 0 };
const records = new Map();

async function compare(input, ports) {
  const [cohort, node] = await Promise.all([exchange(ports.cohort, input), exchange(ports.node, input)]);
  const cohortRecord = readCohort(cohort.output);
  const nodeRecord = records.get(node.localPort) ?? { requests: [], rejected: true };
  records.delete(node.localPort);
  const reason = findContradiction(cohortRecord, nodeRecord);
  if (reason) fail('node', reason, input, `Cohort ${JSON.stringify(cohortRecord)}, Node ${JSON.stringify(nodeRecord)}`);
  if (cohortRecord.timedOut) ++totals.timeouts;
  ++totals.inputs;
  totals.requests += cohortRecord.requests.length;
  if (cohortRecord.requests.length > 0) ++totals.accepted;
  if (cohortRecord.requests.length > 0 && nodeRecord.requests.length > 0) ++totals.both;
}

async function runInParallel(run) {
  let next = 0;
  const worker = async () => { while (next < count) await run(inputAt(next++, seed)); };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function compareProxy(name) {
  const violations = [];
  const upstream = await startCohort(program, proxyToken, (line) => violations.push(line));
  const port = await startProxy(name, upstream);
  const recent = [];
  let forwarded = 0;
  let reported = 0;
  await runInParallel(async (input) => {
    recent.push(input);
    if (recent.length > 4 * concurrency) recent.shift();
    const { output } = await exchange(port, input);
    forwarded += (output.match(/\r\nx-seen: /gi) ?? []).length;
    for (; reported < violations.length; ++reported) {
      fail(name, violations[reported], input, `one of the last inputs: ${JSON.stringify(recent)}`);
    }
  });
  console.log(`${name}: ${count} inputs, ${forwarded} requests forwarded, ${violations.length} violations`);
  if (forwarded === 0) fail(name, 'no request was forwarded', '', 'the reverse proxy does not work');
}

async function main() {
  const cohort = await startCohort(program, '');
  const node = await startNode(records);
  const started = Date.now();
  await runInParallel((input) => compare(input, { cohort, node: node.port }));
  const seconds = (Date.now() - started) / 1000;
  node.close();
  console.log(`node: ${totals.inputs} inputs (${seeds.length} seeds) in ${seconds.toFixed(0)} s; Cohort accepted requests of ` +
    `${totals.accepted}, both of ${totals.both}; ${totals.requests} requests; ${totals.timeouts} timeouts`);
  if (totals.both === 0) fail('node', 'no input was accepted by both', '', 'the comparison does not work');
  for (const name of ['haproxy', 'nginx']) {
    if (existsSync(`/usr/sbin/${name}`)) await compareProxy(name);
    else console.log(`${name}: not installed, skipped`);
  }
  if (failures.length > 0) {
    writeFileSync('differential-failures.json', JSON.stringify(failures, null, 1));
    console.error(`${failures.length} failures: differential-failures.json`);
  }
}

try {
  await main();
} finally {
  stopAll();
}
process.exit(failures.length > 0 ? 1 : 0);
