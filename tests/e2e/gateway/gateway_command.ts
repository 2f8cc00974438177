// SPDX-License-Identifier: BSL-1.0
// Compares the gateway with nginx, HAProxy and Envoy, with the configurations of deploy/gateway, in one table of cases:
// `./dev e2e gateway [NAME]`. `./dev e2e gateway cost`: instructions and CPU time of a forwarded request.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect } from '../support/assertions.ts';
import type { Target } from './cases.ts';
import { cases } from './cases.ts';
import { send } from './client.ts';
import { measureCost } from './cost.ts';
import type { Gateway } from './gateways.ts';
import { gateways, writeConfiguration } from './gateways.ts';
import { TokenIssuer } from './tokens.ts';
import { Upstream } from './upstream.ts';
import { findFreePorts, terminateChildrenOnExit } from '../support/processes.ts';

terminateChildrenOnExit();
const base = mkdtempSync(join(tmpdir(), 'cohort-e2e-gateway-'));
const key = '0123456789abcdef0123456789abcdef';
const tokens = new TokenIssuer();

function writeSecrets(directory: string): void {
  const file = (name: string): string => join(directory, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('tls.key'), '-out', file('tls.pem')], { stdio: 'ignore' });
  writeFileSync(file('tls-and-key.pem'), readFileSync(file('tls.pem'), 'utf8') + readFileSync(file('tls.key'), 'utf8'));
  writeFileSync(file('staff.pem'), tokens.pem);
  writeFileSync(file('staff.jwks'), tokens.jwks);
  writeFileSync(file('keys'), `client: ${key}\n`);
}

interface Row {
  gateway: string;
  name: string;
  expected: string;
  observed: string;
  verdict: 'ok' | 'FAIL' | 'not supported';
}

async function runCases(gateway: Gateway, target: Target): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, expected, run } of cases) {
    const reason = gateway.unsupported[name];
    const observed = reason ?? (await run(target));
    const verdict = reason !== undefined ? 'not supported' : observed === expected ? 'ok' : 'FAIL';
    rows.push({ gateway: gateway.name, name, expected, observed, verdict });
    console.log(`${verdict.padEnd(13)} ${gateway.name.padEnd(15)} ${name}: ${observed}${verdict === 'FAIL' ? ` (expected: ${expected})` : ''}`);
  }
  return rows;
}

async function test(gateway: Gateway): Promise<Row[]> {
  const directory = join(base, gateway.name);
  const [a, b, shadow] = [new Upstream('a'), new Upstream('b'), new Upstream('shadow')];
  const [portA, portB, portShadow] = [await a.listen(), await b.listen(), await shadow.listen()];
  const [plain = 0, tls = 0] = await findFreePorts(2);
  const configuration = writeConfiguration(gateway.configuration, directory, { A: portA, B: portB, SHADOW: portShadow, LISTEN: plain, TLS: tls, DIRECTORY: directory, KEY: key });
  writeSecrets(directory);
  const processes = gateway.start(configuration, { plain, tls }, directory);
  if (processes === undefined) {
    console.log(`SKIP  ${gateway.name} is not installed`);
    return [];
  }
  try {
    const certificate = readFileSync(join(directory, 'tls.pem'));
    await eventually(`${gateway.name} responds`, 20, async () => {
      const responses = [await send(`http://127.0.0.1:${plain}/exact`), await send(`https://localhost:${tls}/exact`, { ca: certificate })];
      return responses.every(({ status }) => status === 200);
    });
    return await runCases(gateway, { port: plain, tlsPort: tls, certificate, key, tokens, a, b, shadow });
  } catch (error) {
    for (const process of processes) console.log(process.output);
    throw error;
  } finally {
    for (const process of processes) await process.stop();
    for (const upstream of [a, b, shadow]) upstream.close();
  }
}

async function testGateways(names: string[]): Promise<void> {
  const rows: Row[] = [];
  for (const gateway of gateways) {
    if (names.length === 0 || names.includes(gateway.name)) rows.push(...(await test(gateway)));
  }
  const count = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  console.log(`${count('ok')} ok, ${count('not supported')} not supported, ${count('FAIL')} failed`);
  // Only gateway-service must pass every case; the results of the other programs are for comparison.
  expect(rows.every(({ verdict, gateway }) => verdict !== 'FAIL' || gateway !== 'gateway-service'), 'gateway-service passes every case');
}

const names = process.argv.slice(2);
await (names[0] === 'cost' ? measureCost(base, key, writeSecrets) : testGateways(names));
rmSync(base, { recursive: true });
