// SPDX-License-Identifier: BSL-1.0
// Measures the cost of a forwarded request: of `http::proxy_to` alone, and of the gateway. Also compares the gateway
// with nginx and HAProxy on a route that changes header fields (deploy/gateway).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';

import { eventually, expect } from '../support/assertions.ts';
import { findProgram } from '../support/backends.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { findFreePorts, root, startProcess } from '../support/processes.ts';
import { writeConfiguration } from './gateways.ts';
import { Upstream } from './upstream.ts';

/** A forwarding program with one thread and without an access log. */
interface Proxy {
  name: string;
  /** The requested path. */
  path: string;
  program: string;
  args: string[];
  port: number;
  directory: string;
  environment?: Record<string, string>;
}

/** The fields that the route `changed` of the configurations sets or removes; the route `unchanged` forwards them. */
const headers = { 'X-Tenant': 'forged', 'X-Debug': '1' };
const [unchanged, changed] = ['/exact', '/headers'];
const connections = 16;

async function makeProxies(base: string, upstream: number, key: string, writeSecrets: (directory: string) => void): Promise<Proxy[]> {
  const proxies: Proxy[] = [];
  const add = async (name: string, path: string, program: string | undefined, configuration: string, makeArgs: (configuration: string, port: number) => string[]): Promise<void> => {
    if (program === undefined) return console.log(`SKIP  ${name} is not installed`);
    const directory = join(base, `cost-${proxies.length}`);
    mkdirSync(directory);
    writeSecrets(directory);
    const [port = 0, tls = 0] = await findFreePorts(2);
    const values = { A: upstream, B: upstream, SHADOW: upstream, LISTEN: port, TLS: tls, DIRECTORY: directory, KEY: key };
    const file = writeConfiguration(configuration, directory, values);
    // The other programs of the comparison write no access log either.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/access_log .*;/, 'access_log off;'));
    proxies.push({ name, path, program, args: makeArgs(file, port), port, directory, environment: { API_KEY_FILE: join(directory, 'keys') } });
  };
  const cohort = (port: number): string[] => ['--port', String(port), '--threads', '1', '--log-level', 'warn', '--concurrency-limit', 'off'];
  const binary = (name: string): string => join(root, 'build/release/bin', name);
  const gateway = (configuration: string, port: number): string[] => ['--routes', configuration, ...cohort(port)];
  await add('proxy_to', unchanged, binary('reverse-proxy'), 'routes.json', (_configuration, port) => ['--site-url', `http://127.0.0.1:${upstream}`, ...cohort(port)]);
  await add('gateway-service', unchanged, binary('gateway-service'), 'routes.json', gateway);
  await add('gateway-service, changed fields', changed, binary('gateway-service'), 'routes.json', gateway);
  await add('nginx, changed fields', changed, findProgram(['nginx']), 'nginx.conf', (configuration) => ['-p', join(configuration, '..'), '-c', configuration, '-g', 'daemon off; master_process off;']);
  await add('HAProxy, changed fields', changed, findProgram(['haproxy']), 'haproxy.cfg', (configuration) => ['-db', '-f', configuration]);
  return proxies;
}

/** Sends `count` requests on `connections` connections. Throws unless each receives 200. */
async function load(agent: Agent, { port, path }: Proxy, count: number): Promise<void> {
  const request = (): Promise<number> =>
    new Promise((resolve, reject) => {
      get({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      }).on('error', reject);
    });
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) {
        next += 1;
        const status = await request();
        expect(status === 200, `each request receives 200, not ${status}`);
      }
    }),
  );
}

async function waitUntilReady(proxy: Proxy, agent: Agent): Promise<void> {
  await eventually(`${proxy.name} responds`, 60, () => load(agent, proxy, connections).then(() => true, () => false));
}

/** The CPU time of a process up to now, in nanoseconds. */
function cpuTime(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0);
}

/** The instructions in user mode of a run with `count` requests, by callgrind. */
async function countInstructions(proxy: Proxy, valgrind: string, count: number): Promise<number> {
  const out = join(proxy.directory, `callgrind.${count}`);
  const args = ['--tool=callgrind', `--callgrind-out-file=${out}`, proxy.program, ...proxy.args];
  const process = startProcess(proxy.name, valgrind, args, join(proxy.directory, `callgrind-${count}.log`), proxy.environment);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  await waitUntilReady(proxy, agent);
  await load(agent, proxy, count);
  agent.destroy();
  await process.stop();
  const totals = /^(?:totals|summary): (\d+)/m.exec(readFileSync(out, 'utf8'))?.[1];
  expect(totals !== undefined, `callgrind reports the instructions of ${proxy.name}: ${process.output}`);
  return Number(totals);
}

/** The CPU time of a request in microseconds: the minimum of interleaved rounds, which other processes affect least. */
async function measureCpuTimes(proxies: Proxy[], rounds: number, requests: number): Promise<number[]> {
  const running = new Map<Proxy, [BackgroundProcess, Agent]>();
  for (const proxy of proxies) {
    const process = startProcess(proxy.name, proxy.program, proxy.args, join(proxy.directory, 'output.log'), proxy.environment);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    running.set(proxy, [process, agent]);
    await waitUntilReady(proxy, agent);
  }
  const times = proxies.map((): number[] => []);
  for (let round = 0; round < rounds; ++round) {
    for (const [i, [proxy, [process, agent]]] of [...running].entries()) {
      const before = cpuTime(process.pid);
      await load(agent, proxy, requests);
      times[i]?.push((cpuTime(process.pid) - before) / requests / 1000);
    }
  }
  for (const [process, agent] of running.values()) {
    agent.destroy();
    await process.stop();
  }
  return times.map((each) => Math.min(...each));
}

/** Prints the table of costs. Fails if the gateway executes more than 1.1 times the instructions of `http::proxy_to`. */
export async function measureCost(base: string, key: string, writeSecrets: (directory: string) => void): Promise<void> {
  const upstream = new Upstream('a');
  const proxies = await makeProxies(base, await upstream.listen(), key, writeSecrets);
  const times = await measureCpuTimes(proxies, 12, 500);
  const valgrind = findProgram(['valgrind']);
  if (valgrind === undefined) console.log('SKIP  valgrind is not installed: no instructions');
  const [fewRequests, manyRequests] = [200, 1200];
  const instructions: number[] = [];
  for (const proxy of proxies) {
    if (valgrind === undefined) break;
    const start = await countInstructions(proxy, valgrind, fewRequests);
    instructions.push(((await countInstructions(proxy, valgrind, manyRequests)) - start) / (manyRequests - fewRequests));
  }
  upstream.close();
  console.log('\n| program | instructions per request | × proxy_to | CPU time, µs | × proxy_to |\n|---|---|---|---|---|');
  const ratio = (values: number[], i: number): string => ((values[i] ?? NaN) / (values[0] ?? NaN)).toFixed(2);
  for (const [i, { name }] of proxies.entries()) {
    console.log(`| ${name} | ${instructions[i]?.toFixed(0)} | ${ratio(instructions, i)} | ${times[i]?.toFixed(1)} | ${ratio(times, i)} |`);
  }
  if (valgrind !== undefined) expect((instructions[1] ?? NaN) <= 1.1 * (instructions[0] ?? NaN), 'gateway-service executes at most 1.1 × the instructions of proxy_to');
}
