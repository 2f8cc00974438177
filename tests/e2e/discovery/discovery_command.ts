// SPDX-License-Identifier: BSL-1.0
// Tests service discovery by etcd and CoreDNS under load: replicas start, stop and are killed, and discovery systems
// are unavailable. `./dev e2e discovery`
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { elapsed, expect, pause } from '../support/assertions.ts';
import { coreDns, etcd as etcdBackend, findBackend } from '../support/backends.ts';
import { CoreDns, Dashboard, Etcd, Replica, runUnderLoad } from './programs.ts';
import { findFreePorts, root, terminateChildrenOnExit } from '../support/processes.ts';

interface Row {
  name: string;
  expected: string;
  observed: string;
  ok: boolean;
}

terminateChildrenOnExit();
const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-discovery-'));
const rows: Row[] = [];
/** Time to live of the registrations, in seconds. */
const ttl = 3;
const outageSeconds = 7;

/** Runs one case under load. `action` returns milliseconds, which must be at most `limit`. */
async function runCase(name: string, dashboard: Dashboard, limit: number, awaitedEvent: string, action: () => Promise<number>): Promise<void> {
  const { value, failures } = await measure(dashboard, action);
  addRow({
    name,
    expected: `${awaitedEvent} within ${(limit / 1000).toFixed(0)} s, 0 failed`,
    observed: `${awaitedEvent} after ${(value / 1000).toFixed(2)} s, ${failures.text}`,
    ok: failures.count === 0 && value <= limit,
  });
}

/** Runs one case under load in which the dashboard must have the same number of endpoints for 7 s after `action`. */
async function runOutage(name: string, dashboard: Dashboard, count: number, action: () => Promise<void>): Promise<void> {
  const { failures } = await measure(dashboard, async () => {
    await action();
    return checkConstantCount(dashboard, count, outageSeconds);
  });
  addRow({
    name,
    expected: `${count} endpoints kept for ${outageSeconds} s, 0 failed`,
    observed: `${count} endpoints kept for ${outageSeconds} s, ${failures.text}`,
    ok: failures.count === 0,
  });
}

async function measure(dashboard: Dashboard, action: () => Promise<number>): Promise<{ value: number; failures: { count: number; text: string } }> {
  const { value, report } = await runUnderLoad(dashboard, directory, 10, async () => {
    await pause(1500); // After this time, the load is constant.
    return action();
  });
  const { planned, outcomes } = report.totals;
  const count = planned - (outcomes['2xx'] ?? 0);
  return { value, failures: { count, text: `${count} of ${planned} failed` } };
}

function addRow(row: Row): void {
  rows.push(row);
  console.log(`${row.ok ? 'ok   ' : 'FAIL '} ${row.name}: ${row.observed}`);
}

/** Milliseconds until `condition` holds, polled more often than by `eventually`. */
async function measureTimeUntil(description: string, seconds: number, condition: () => Promise<boolean>): Promise<number> {
  const start = elapsed();
  while (!(await condition())) {
    expect(elapsed() - start < seconds * 1000, description);
    await pause(20); // The expectation above bounds the number of iterations.
  }
  return elapsed() - start;
}

/** Milliseconds from the call, which follows the start of the program, to the first request. */
const measureTimeToFirstRequest = (replica: Replica): Promise<number> => measureTimeUntil('the replica receives requests', 10, async () => (await replica.requests()) > 0);
const waitForCount = (dashboard: Dashboard, count: number): Promise<number> =>
  measureTimeUntil(`the dashboard has ${count} endpoints`, 12, async () => (await dashboard.endpoints()) === count);

/** Checks for `seconds` that the number of known endpoints does not change; returns 0. */
async function checkConstantCount(dashboard: Dashboard, count: number, seconds: number): Promise<number> {
  for (const end = elapsed() + seconds * 1000; elapsed() < end; await pause(200)) {
    const known = await dashboard.endpoints();
    expect(known === count, `the dashboard has ${count} endpoints, not ${known}`);
  }
  return 0;
}

async function testEtcd(etcd: Etcd): Promise<void> {
  const registrationEnvironment = { REGISTER: `${etcd.discoveryUrl('services')}?ttl=${ttl}` };
  const start = (): Promise<Replica> => Replica.start(directory, registrationEnvironment);
  const first = await start();
  const second = await start();
  const dashboard = await Dashboard.start(directory, etcd.discoveryUrl('services/time-service'));
  await dashboard.waitForEndpoints(2, 10);
  let third = second;
  await runCase('etcd: a replica starts', dashboard, 1000, 'first request', async () => {
    third = await Replica.launch(directory, registrationEnvironment);
    return measureTimeToFirstRequest(third);
  });
  await runCase('etcd: kill -9 of a replica', dashboard, (ttl + 1) * 1000, 'removed', async () => {
    void third.process.kill();
    return waitForCount(dashboard, 2);
  });
  await runCase('etcd: SIGTERM of a replica', dashboard, 1000, 'removed', async () => {
    const stopped = second.process.stop();
    const removed = await waitForCount(dashboard, 1);
    expect((await stopped) === 0, 'the replica exits with status 0');
    return removed;
  });
  const fourthReplica = await start();
  await dashboard.waitForEndpoints(2, 10);
  await runOutage('etcd: kill -9 of etcd', dashboard, 2, () => etcd.kill());
  let fifthReplica = fourthReplica;
  await runCase('etcd: restart of etcd, then a replica starts', dashboard, 7000, 'first request', async () => {
    await etcd.start('data');
    fifthReplica = await Replica.launch(directory, registrationEnvironment);
    return measureTimeToFirstRequest(fifthReplica);
  });
  await runCase('etcd: etcd loses its data', dashboard, 7000, 'all re-registered', async () => {
    await etcd.kill();
    const killed = elapsed();
    await etcd.start('empty');
    await measureTimeUntil('the replicas re-register', 8, async () => {
      const body = JSON.stringify({ key: Buffer.from('/services/').toString('base64'), range_end: Buffer.from('/services0').toString('base64') });
      const response = await fetch(`${etcd.url}/v3/kv/range`, { method: 'POST', body });
      return Number(((await response.json()) as { count?: string }).count ?? 0) === 3;
    });
    return elapsed() - killed;
  });
  await dashboard.stop();
  for (const replica of [first, fourthReplica, fifthReplica]) await replica.process.stop();
}

async function testDns(dns: CoreDns): Promise<void> {
  const first = await Replica.start(directory, {});
  const port = Number(new URL(first.url).port);
  const second = await Replica.start(directory, {}, '127.0.0.2', port);
  const records = (addresses: string[]): string[] => addresses.map((address) => `api 2 IN A ${address}`);
  dns.writeZone(records(['127.0.0.1']));
  const dashboard = await Dashboard.start(directory, `dns://api.mesh.test:${port}?${dns.server}`);
  await dashboard.waitForEndpoints(1, 10);
  await runCase('CoreDNS: an A record is added (TTL 2 s)', dashboard, 6000, 'first request', () => {
    dns.writeZone(records(['127.0.0.1', '127.0.0.2']));
    return measureTimeToFirstRequest(second);
  });
  await runCase('CoreDNS: an A record is removed', dashboard, 6000, 'removed', () => {
    dns.writeZone(records(['127.0.0.2']));
    return waitForCount(dashboard, 1);
  });
  await dashboard.stop();

  const srv = (target: string): string[] => [`_http._tcp.api 2 IN SRV 10 5 ${port} ${target}`, 'one 60 IN A 127.0.0.1', 'two 60 IN A 127.0.0.2'];
  dns.writeZone(srv('one'));
  const srvDashboard = await Dashboard.start(directory, `srv://_http._tcp.api.mesh.test?${dns.server}`);
  await srvDashboard.waitForEndpoints(1, 10);
  const before = await second.requests();
  await runCase('CoreDNS: an SRV record changes', srvDashboard, 6000, 'first request', () => {
    dns.writeZone(srv('two'));
    return measureTimeUntil('the new target receives requests', 10, async () => (await second.requests()) > before);
  });
  await srvDashboard.stop();
  for (const replica of [first, second]) await replica.process.stop();
}

async function testRegisteredSrv(dns: CoreDns, etcd: Etcd): Promise<void> {
  const registrationEnvironment = { REGISTER: `${etcd.discoveryUrl('skydns/test/svc')}?ttl=${ttl}` };
  const first = await Replica.start(directory, registrationEnvironment);
  const dashboard = await Dashboard.start(directory, `srv://time-service.svc.test?${dns.server}`);
  await dashboard.waitForEndpoints(1, 15);
  let second = first;
  await runCase('CoreDNS on etcd: a registered replica is found by SRV', dashboard, 4000, 'first request', async () => {
    second = await Replica.launch(directory, registrationEnvironment);
    return measureTimeToFirstRequest(second);
  });
  await runOutage('CoreDNS: kill -9 of CoreDNS', dashboard, 2, () => dns.kill());
  await dashboard.stop();
  for (const replica of [first, second]) await replica.process.stop();
}

function testUnknownScheme(): void {
  const { status, stderr } = spawnSync(join(root, 'build/release/bin/dashboard-service'), ['--port', '0'], {
    env: { ...process.env, TIME_SERVICE_URL: 'zookeeper://127.0.0.1/time-service' },
    encoding: 'utf8',
    timeout: 10_000,
  });
  const lines = stderr.trim().split('\n').length;
  const ok = status === 2 && lines === 1 && stderr.includes('TIME_SERVICE_URL is "zookeeper://127.0.0.1/time-service", but must be');
  rows.push({ name: 'unknown scheme', expected: '1 line on standard error, status 2', observed: `${lines} line on standard error, status ${status ?? 'none'}`, ok });
}

const etcdProgram = findBackend(etcdBackend);
const coreDnsProgram = findBackend(coreDns);
testUnknownScheme();
if (etcdProgram !== undefined) {
  const [client = 0, peer = 0, dnsPort = 0] = await findFreePorts(3);
  const etcd = new Etcd(etcdProgram, directory, client, peer);
  await etcd.start('data');
  await testEtcd(etcd);
  if (coreDnsProgram !== undefined) {
    const dns = new CoreDns(coreDnsProgram, directory, dnsPort);
    dns.writeZone([]);
    dns.start(etcd);
    await testDns(dns);
    await testRegisteredSrv(dns, etcd);
  }
}
const widths = [Math.max(...rows.map(({ name }) => name.length)), Math.max(...rows.map(({ expected }) => expected.length))];
console.log(`\n      ${'case'.padEnd(widths[0] ?? 0)}  ${'expected'.padEnd(widths[1] ?? 0)}  seen`);
for (const { name, expected, observed, ok } of rows) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(widths[0] ?? 0)}  ${expected.padEnd(widths[1] ?? 0)}  ${observed}`);
console.log(`logs: ${directory}`);
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);
