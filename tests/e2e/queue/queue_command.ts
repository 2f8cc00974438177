// SPDX-License-Identifier: BSL-1.0
// Counts the messages that pass through a real broker, which is killed, restarted, frozen and partitioned. Checks the
// services with this broker. `./dev e2e queue [rabbitmq|kafka] [messages]` (default: RabbitMQ, 100,000)
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect, pause } from '../support/assertions.ts';
import { Kafka } from './kafka.ts';
import { readAddresses } from '../support/local_stack.ts';
import type { MessageBroker } from './message_broker.ts';
import { canPartition, CountingRelay, partition } from './port_faults.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { root, startProcess, terminateChildrenOnExit } from '../support/processes.ts';
import { RabbitMq } from './rabbitmq.ts';
import type { serviceNames, Stack } from '../support/stack.ts';
import { stackOnDefaultPorts, waitUntilReady } from '../support/stack.ts';

interface PublishResult {
  confirmed: number;
  sent_again: number;
  seconds: number;
  cpu_us_per_message: number;
}

interface ConsumeResult {
  received: number;
  processed: number;
  duplicates: number;
  dead_letters: number;
}

const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-queue-'));
const rows: [string, string, string, boolean][] = [];
let processes = 0;

function record(name: string, expected: string, observed: string, isExpected: boolean): void {
  rows.push([name, expected, observed, isExpected]);
  console.log(`${isExpected ? 'ok   ' : 'FAIL '} ${name}: expected ${expected}; observed ${observed}`);
}

function startPeer(...args: string[]): BackgroundProcess {
  processes += 1;
  return startProcess('queue-peer', join(root, 'build/release/bin/queue-peer'), args, join(directory, `peer-${processes}.log`));
}

/** Waits until a peer exits, and reads its result: one line of JSON in its output. */
async function waitForResult<T>(peer: BackgroundProcess): Promise<T> {
  await peer.exitStatus;
  const line = peer.output.split('\n').find((text) => text.startsWith('{'));
  expect(line !== undefined, `${peer.name} prints its result: ${peer.output}`);
  return JSON.parse(line) as T;
}

/** A consumer does not report that its queue exists: 1.5 s is the upper limit on loopback. */
const isConnected = (peer: BackgroundProcess, seconds = 30): Promise<boolean> =>
  eventually('a peer runs', seconds, async () => {
    await pause(1500);
    return peer.pid > 0;
  });

/** Publishes `count` messages to a new topic, while `action` runs, and counts the messages that a consumer receives. */
async function publishDuring(
  broker: MessageBroker,
  name: string,
  expected: string,
  count: number,
  action: () => Promise<void>,
): Promise<PublishResult> {
  const topic = `e2e.${rows.length}`;
  const consumer = startPeer('consume', broker.url(), topic, 'group', String(count));
  await isConnected(consumer);
  const publisher = startPeer('publish', broker.url(), topic, String(count));
  await action();
  const published = await waitForResult<PublishResult>(publisher);
  const received = await waitForResult<ConsumeResult>(consumer);
  const lost = published.confirmed - received.received;
  record(
    name,
    expected,
    `confirmed ${published.confirmed}, received ${received.received}, lost ${lost}, duplicates detected ${received.duplicates}, ` +
      `resent ${published.sent_again}, ${published.seconds.toFixed(1)} s, ${published.cpu_us_per_message.toFixed(1)} us CPU per message`,
    published.confirmed === count && lost === 0 && received.processed === count,
  );
  return published;
}

async function checkPeers(broker: MessageBroker, count: number): Promise<void> {
  const baseline = await publishDuring(broker, `${count} messages`, `${count} confirmed, lost 0`, count, () => Promise.resolve());
  record('CPU of publish with confirm', 'at most 15 us per message', `${baseline.cpu_us_per_message.toFixed(2)} us`, baseline.cpu_us_per_message <= 15);
  await publishDuring(broker, 'broker killed and restarted', `${count} confirmed, lost 0`, count, async () => {
    await pause(Math.min(1000, (baseline.seconds * 1000) / 3));
    await broker.kill();
    await broker.run();
  });
  // The broker is frozen for longer than the confirm timeout (10 s).
  await publishDuring(broker, 'broker frozen for 15 s', '20000 confirmed, lost 0', 20_000, async () => {
    await pause(200);
    broker.signal('SIGSTOP');
    await pause(15_000);
    broker.signal('SIGCONT');
  });
  if (canPartition()) {
    await publishDuring(broker, 'broker partitioned for 15 s', '20000 confirmed, lost 0', 20_000, async () => {
      await pause(200);
      await partition(broker.port, () => pause(15_000));
    });
  }
}

async function checkGroups(broker: MessageBroker): Promise<void> {
  const [first, second, other] = ['a', 'a', 'b'].map((group) => startPeer('consume', broker.url(), 'e2e.groups', group, '1000'));
  expect(first !== undefined && second !== undefined && other !== undefined, 'three consumers start');
  await isConnected(other);
  // Consumers do not report when they have joined their group: wait for the upper limit of the broker.
  await pause(broker.subscribeSeconds * 1000);
  await waitForResult<PublishResult>(startPeer('publish', broker.url(), 'e2e.groups', '1000'));
  const all = await waitForResult<ConsumeResult>(other);
  record('another group', 'all 1000', `${all.received}`, all.received === 1000);
  // Neither replica receives all messages, so they do not exit automatically.
  const counts: number[] = [];
  for (const replica of [first, second]) {
    await replica.stop();
    counts.push((await waitForResult<ConsumeResult>(replica)).received);
  }
  const sum = counts.reduce((total, each) => total + each, 0);
  record('two replicas of a group', '1000 in total, at least 1 each', counts.join(' + '), sum === 1000 && !counts.includes(0));
}

async function checkDeadLetters(broker: MessageBroker): Promise<void> {
  const url = broker.url('guest');
  const consumer = startPeer('consume', url, 'e2e.poison', 'group', '10');
  await isConnected(consumer);
  await waitForResult<PublishResult>(startPeer('poison', url, 'e2e.poison', '1'));
  await eventually('the message is moved', 30, () => Promise.resolve(consumer.output.includes('moved to the dead letters')));
  await waitForResult<PublishResult>(startPeer('publish', url, 'e2e.poison', '10'));
  const received = await waitForResult<ConsumeResult>(consumer);
  record(
    'poison message, with a password',
    '1 dead letter, 10 others processed',
    `${received.dead_letters} dead letter, ${received.processed} processed`,
    received.dead_letters === 1 && received.processed === 10,
  );
}

async function checkTls(broker: MessageBroker): Promise<void> {
  if (broker.tlsUrls === undefined) return;
  const { trustedUrl, untrustedUrl } = broker.tlsUrls;
  const published = await waitForResult<PublishResult>(startPeer('publish', trustedUrl, 'e2e.tls', '1000'));
  record('TLS', '1000 confirmed', `${published.confirmed}`, published.confirmed === 1000);
  const refused = startPeer('publish', untrustedUrl, 'e2e.tls', '1');
  const pattern = /certificate verify failed/;
  await eventually('the certificate is rejected', 10, () => Promise.resolve(pattern.test(refused.output)));
  record('TLS, unknown authority', 'not confirmed, logged', 'certificate verify failed', !refused.output.includes('"confirmed":1'));
  await refused.stop();
}

async function startServices(url: string): Promise<[Stack, BackgroundProcess]> {
  processes += 1;
  const services = startProcess(
    'cohort-stack',
    join(root, 'build/release/bin/cohort-stack'),
    ['--log-format', 'json', '--port', '0'],
    join(directory, `stack-${processes}.log`),
    { WEATHER_SAMPLE: 'true', WEATHER_CACHE_SECONDS: '1', API_KEY: '', RATE_LIMIT: '100000/min', MESSAGING_URL: url },
  );
  const stack = stackOnDefaultPorts();
  await eventually('all services listen', 30, () => Promise.resolve(readAddresses(services.output, stack)));
  await waitUntilReady(stack, 30);
  return [stack, services];
}

/** The time in milliseconds from a request to the weather service, which triggers a fetch, to the event that the broker delivers. */
async function measurePushLatency(stack: Stack): Promise<number> {
  const stop = new AbortController();
  const response = await fetch(`${stack.services['dashboard-service']}/api/events`, { signal: stop.signal });
  expect(response.body !== null, 'the event stream has a body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  await pause(1500); // waits until the cached report is stale (WEATHER_CACHE_SECONDS=1)
  const started = performance.now();
  await (await fetch(`${stack.services['weather-service']}/api/weather`)).text();
  let text = '';
  // Reads for at most 10 s, until an event contains the report from the broker. Only that report has no deadline. The
  // stream never ends.
  while (!/"weather_service":\{"state":"fresh","elapsed_ms":0\.0,"deadline_ms":0\}/.test(text)) {
    const { value, done } = await reader.read();
    expect(!done && performance.now() - started < 10_000, 'the event stream has the report of the broker');
    text += value;
  }
  const milliseconds = performance.now() - started;
  stop.abort();
  return milliseconds;
}

/** The statuses of requests to the dashboard and the weather service during `seconds`. */
async function countStatuses(stack: Stack, seconds: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const url of [`${stack.services['dashboard-service']}/api/aggregate`, `${stack.services['weather-service']}/api/weather`]) {
      const response = await fetch(url);
      await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
    await pause(20); // a bounded rate
  }
  return statuses;
}

async function checkStatuses(stack: Stack, state: string): Promise<void> {
  const statuses = await countStatuses(stack, 5);
  const observed = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  record(`services while the broker is ${state}`, 'all 200', observed, statuses.size === 1 && statuses.has(200));
}

async function readMetric(stack: Stack, service: (typeof serviceNames)[number], pattern: RegExp): Promise<number> {
  const response = await fetch(`${stack.services[service]}/metrics`);
  return Number(pattern.exec(await response.text())?.[1] ?? NaN);
}

async function checkServices(broker: MessageBroker): Promise<void> {
  const [stack, services] = await startServices(broker.url());
  // The dashboard does not receive reports that are published before it has subscribed. The dashboard does not report
  // the subscription, so wait for the upper limit of the broker.
  await pause(broker.subscribeSeconds * 1000);
  const pushMilliseconds = await measurePushLatency(stack);
  record('new report on the event stream', 'before the next poll (1500 ms)', `${pushMilliseconds.toFixed(0)} ms`, pushMilliseconds < 1000);
  broker.signal('SIGSTOP');
  await checkStatuses(stack, 'frozen');
  broker.signal('SIGCONT');
  if (canPartition()) await partition(broker.port, () => checkStatuses(stack, 'partitioned'));
  await broker.kill();
  await checkStatuses(stack, 'down');
  const connected = await readMetric(stack, 'weather-service', /cohort_messaging_connected\{client="weather-service"\} (\d)/);
  record('metric of the connection', '0', String(connected), connected === 0);
  await broker.run();
  await eventually('the services have reconnected', 20, async () => {
    const outbox = /cohort_messaging_outbox_messages\{publisher="weather-service"\} (\d+)/;
    return (await readMetric(stack, 'weather-service', outbox)) === 0;
  });
  // The dashboard resubscribes within the same limit.
  await pause(broker.subscribeSeconds * 1000);
  const secondPushMilliseconds = await measurePushLatency(stack);
  const limit = broker.recoverySeconds * 1000;
  record('new report after the restart', `within ${limit} ms`, `${secondPushMilliseconds.toFixed(0)} ms`, secondPushMilliseconds < limit);
  const status = await services.stop();
  record('exit status of the services', '0', String(status), status === 0);
}

/** The services connect through a relay that counts connections. Their two clients wait up to 2 s between attempts. */
async function checkWrongPassword(broker: MessageBroker): Promise<void> {
  const url = new URL(broker.url('wrong'));
  const relay = new CountingRelay(Number(url.port));
  url.port = String(await relay.listen());
  const [stack, services] = await startServices(url.href);
  await eventually('the rejection is logged', 10, () => Promise.resolve(services.output.includes(broker.rejection)));
  const seconds = 10;
  const before = relay.connections;
  const statuses = await countStatuses(stack, seconds);
  const attempts = (relay.connections - before) / seconds;
  const isRejection = (line: string): boolean => line.includes('broker is unreachable') && line.includes(broker.rejection);
  const rejectionCount = services.output.split('\n').filter(isRejection).length;
  record(
    'wrong password',
    'one line per client with the reason, without the password; all 200; at most 4 attempts per second',
    `${rejectionCount} lines, ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}, ${attempts} attempts per second`,
    statuses.size === 1 && statuses.has(200) && rejectionCount === 2 && attempts <= 4 && !services.output.includes('wrong'),
  );
  await services.stop();
  relay.close();
}

async function checkInvalidUrl(): Promise<void> {
  processes += 1;
  const log = join(directory, `invalid-${processes}.log`);
  const invalid = startProcess('cohort-stack', join(root, 'build/release/bin/cohort-stack'), ['--port', '0'], log, {
    MESSAGING_URL: 'http://user:secret@broker',
  });
  const status = await invalid.exitStatus;
  const lines = invalid.output.split('\n').filter((line) => line.includes('MESSAGING_URL'));
  record('invalid URL', 'exit status 2, one line without the URL', `${status}: ${lines.join(' ')}`, status === 2 && lines.length === 1 && !invalid.output.includes('secret'));
}

async function main(): Promise<void> {
  terminateChildrenOnExit();
  const args = process.argv.slice(2);
  const kind = /^\d+$/.test(args[0] ?? '') ? 'rabbitmq' : (args.shift() ?? 'rabbitmq');
  expect(kind === 'rabbitmq' || kind === 'kafka', `the broker is "${kind}", but must be rabbitmq or kafka`);
  const count = Number(args[0] ?? '100000');
  expect(Number.isInteger(count) && count >= 1000 && count <= 10_000_000, `the number of messages is "${args[0]}", but must be an integer from 1000 to 10000000`);
  const broker = kind === 'kafka' ? await Kafka.start() : await RabbitMq.start();
  if (broker === undefined) return;
  if (!canPartition()) console.log('SKIP  partitions: root and iptables are needed');
  await checkPeers(broker, count);
  await checkGroups(broker);
  await checkDeadLetters(broker);
  await checkTls(broker);
  await checkServices(broker);
  await checkWrongPassword(broker);
  await checkInvalidUrl();
  console.log('\n| Case | Expected | Observed | |\n|---|---|---|---|');
  for (const [name, expected, observed, isExpected] of rows) console.log(`| ${name} | ${expected} | ${observed} | ${isExpected ? 'ok' : 'FAIL'} |`);
  expect(rows.every(([, , , isExpected]) => isExpected), 'all cases as expected');
}

await main();
process.exit(0);
