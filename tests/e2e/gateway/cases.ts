// SPDX-License-Identifier: BSL-1.0
import { pause } from '../support/assertions.ts';
import type { RequestOptions, Response } from './client.ts';
import { echoByWebSocket, received, send } from './client.ts';
import type { TokenIssuer } from './tokens.ts';
import type { Upstream } from './upstream.ts';

/** A gateway under test. */
export interface Target {
  port: number;
  tlsPort: number;
  certificate: Buffer;
  key: string;
  tokens: TokenIssuer;
  a: Upstream;
  b: Upstream;
  shadow: Upstream;
}

export interface Case {
  name: string;
  expected: string;
  /** The result; equal to `expected` if the gateway has the feature. */
  run: (target: Target) => Promise<string>;
}

const get = ({ port }: Target, path: string, options: RequestOptions = {}): Promise<Response> => send(`http://127.0.0.1:${port}${path}`, options);
const outcome = (response: Response): string => received(response)?.upstream ?? String(response.status);

/** The outcomes of requests that no upstream must receive: gateways reject them with different statuses. */
async function rejections(target: Target, requests: [string, RequestOptions?][]): Promise<string> {
  const observed = (await outcomes(target, requests)).split(', ');
  return observed.map((each) => (/^4\d\d$/.test(each) ? 'rejected' : each)).join(', ');
}

/** The outcomes of sequential requests. */
async function outcomes(target: Target, requests: [string, RequestOptions?][]): Promise<string> {
  const observed: string[] = [];
  for (const [path, options] of requests) observed.push(outcome(await get(target, path, options)));
  return observed.join(', ');
}

const bearer = (token: string): RequestOptions => ({ headers: { Authorization: `Bearer ${token}` } });

async function testWeightedRouting(target: Target): Promise<string> {
  let canary = 0;
  for (let i = 0; i < 300; ++i) canary += outcome(await get(target, '/weighted')) === 'b' ? 1 : 0;
  return canary > 30 && canary < 90 ? '10 to 30 % to b' : `${(canary / 3).toFixed(0)} % to b`;
}

async function testSessionAffinity(target: Target): Promise<string> {
  let canary = 0;
  let changed = 0;
  for (let user = 0; user < 60; ++user) {
    const options = { headers: { 'X-User': `user-${user}` } };
    const first = outcome(await get(target, '/weighted', options));
    if (outcome(await get(target, '/weighted', options)) !== first) ++changed;
    canary += first === 'b' ? 1 : 0;
  }
  const used = canary > 0 && canary < 60 ? 'both used' : 'one used';
  return `${changed} of 60 users changed, ${used}`;
}

async function testFields(target: Target): Promise<string> {
  const response = await get(target, '/headers', { headers: { 'X-Tenant': 'forged', 'X-Debug': '1' } });
  const request = received(response)?.headers;
  return [
    `X-Tenant ${request?.['x-tenant']}`,
    `X-Debug ${request?.['x-debug'] ?? 'removed'}`,
    `X-Served-By ${response.headers['x-served-by']}`,
    `X-Internal ${response.headers['x-internal'] ?? 'removed'}`,
    `X-Forwarded-For ${request?.['x-forwarded-for'] === undefined ? 'absent' : 'set'}`,
  ].join(', ');
}

async function testEvents(target: Target): Promise<string> {
  const response = await get(target, '/plain/events');
  const isStreamed = response.firstChunkTime < 400 && response.end > 600;
  return `${isStreamed ? 'first event immediately' : 'delayed'}, ${response.body.split('data:').length - 1} events`;
}

async function testDeadline(target: Target): Promise<string> {
  const late = await get(target, '/deadline?delay=3000');
  return `${late.status} ${late.end < 1500 ? 'within 1.5 s' : `after ${(late.end / 1000).toFixed(1)} s`}`;
}

async function testDeadlinePropagation(target: Target): Promise<string> {
  const left = (response: Response): number => Number(received(response)?.headers['x-envoy-expected-rq-timeout-ms']);
  const own = left(await get(target, '/deadline'));
  return own > 300 && own <= 500 ? 'up to 500 ms' : String(own);
}

async function testEarlierDeadline(target: Target): Promise<string> {
  const response = await get(target, '/deadline', { headers: { 'x-envoy-expected-rq-timeout-ms': '200' } });
  const left = Number(received(response)?.headers['x-envoy-expected-rq-timeout-ms']);
  return left <= 200 ? 'at most 200 ms' : `${left} ms`;
}

async function testRetries(target: Target): Promise<string> {
  const before = target.a.requests.length;
  const retriedResponse = await get(target, `/plain/r${before}?fail=1`);
  const attempts = target.a.requests.length - before;
  const posted = await get(target, `/plain/p${before}?fail=1`, { method: 'POST', body: 'x' });
  return `GET ${retriedResponse.status} after ${attempts}, POST ${posted.status} after ${target.a.requests.length - before - attempts}`;
}

async function testMirror(target: Target): Promise<string> {
  const before = target.shadow.requests.length;
  const response = await get(target, '/mirrored?delay=0');
  await pause(300);
  const copies = target.shadow.requests.slice(before);
  return `${outcome(response)}, ${copies.length} copy of ${copies[0]?.url ?? 'nothing'}`;
}

async function testRateLimit(target: Target): Promise<string> {
  const observed: string[] = [];
  for (let i = 0; i < 6; ++i) observed.push(outcome(await get(target, '/limited')));
  return observed.join(', ');
}

export const cases: Case[] = [
  { name: 'path prefix', expected: 'a as /x?y=1', run: async (to) => {
    const request = received(await get(to, '/plain/x?y=1'));
    return `${request?.upstream} as ${request?.url}`;
  } },
  { name: 'exact path', expected: 'b, 404', run: (to) => outcomes(to, [['/exact'], ['/exact/more']]) },
  { name: 'no route', expected: '404', run: (to) => outcomes(to, [['/none']]) },
  { name: 'host', expected: 'b', run: (to) => outcomes(to, [['/plain/', { headers: { Host: 'b.example' } }]]) },
  { name: 'header', expected: 'b, a', run: (to) =>
    outcomes(to, [['/plain/', { headers: { 'X-Canary': 'always' } }], ['/plain/', { headers: { 'X-Canary': 'no' } }]]) },
  { name: 'weighted routing 80:20', expected: '10 to 30 % to b', run: testWeightedRouting },
  { name: 'session affinity by header', expected: '0 of 60 users changed, both used', run: testSessionAffinity },
  { name: 'API key: missing, invalid, valid', expected: '401, 401, a', run: (to) =>
    outcomes(to, [['/key'], ['/key', { headers: { 'X-API-Key': 'wrong' } }], ['/key', { headers: { 'X-API-Key': to.key } }]]) },
  { name: 'JWT: valid', expected: 'a for alice', run: async (to) => {
    const request = received(await get(to, '/token', bearer(to.tokens.sign())));
    return `${request?.upstream} for ${String(request?.headers['x-subject'])}`;
  } },
  { name: 'JWT: none, expired, other issuer, other audience', expected: 'rejected, rejected, rejected, rejected', run: (to) =>
    rejections(to, [
      ['/token'],
      ['/token', bearer(to.tokens.sign(to.tokens.claims({ exp: 1 })))],
      ['/token', bearer(to.tokens.sign(to.tokens.claims({ iss: 'https://other.example' })))],
      ['/token', bearer(to.tokens.sign(to.tokens.claims({ aud: 'other' })))],
    ]) },
  { name: 'JWT: alg none, key confusion', expected: '401, 401', run: (to) =>
    outcomes(to, [['/token', bearer(to.tokens.unsigned())], ['/token', bearer(to.tokens.algorithmConfusion())]]) },
  { name: 'JWT: not valid yet', expected: '401', run: (to) =>
    outcomes(to, [['/token', bearer(to.tokens.sign(to.tokens.claims({ nbf: Math.floor(Date.now() / 1000) + 200 })))]]) },
  { name: 'rate limit of 5', expected: 'a, a, a, a, a, 429', run: testRateLimit },
  { name: 'header fields set and removed', expected: 'X-Tenant one, X-Debug removed, X-Served-By gateway, X-Internal removed, X-Forwarded-For set', run: testFields },
  { name: 'TLS termination', expected: 'a', run: async ({ tlsPort, certificate }) =>
    outcome(await send(`https://localhost:${tlsPort}/plain/`, { ca: certificate })) },
  { name: 'WebSocket', expected: 'hello', run: ({ port }) => echoByWebSocket(port, '/plain/socket', 'hello') },
  { name: 'server-sent events', expected: 'first event immediately, 2 events', run: testEvents },
  { name: 'deadline of 500 ms', expected: '504 within 1.5 s', run: testDeadline },
  { name: 'deadline sent to the upstream', expected: 'up to 500 ms', run: testDeadlinePropagation },
  { name: 'earlier deadline of the client', expected: 'at most 200 ms', run: testEarlierDeadline },
  { name: 'retry of GET, not of POST', expected: 'GET 200 after 2, POST 503 after 1', run: testRetries },
  { name: 'mirror', expected: 'a, 1 copy of /mirrored?delay=0', run: testMirror },
  { name: 'encoded path does not bypass the API key', expected: 'rejected, rejected', run: (to) => rejections(to, [['/%6bey'], ['//key']]) },
];
