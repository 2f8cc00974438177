// SPDX-License-Identifier: BSL-1.0
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import type { PageFile } from '../build.mjs';
import { aggregateBody, unknownBody } from '../test/samples/bodies.ts';
import { FakeHistory } from './fake-history.ts';
import { mapBody } from '../test/samples/maps.ts';
import { requestBody } from '../test/samples/requests.ts';

const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

/** A dashboard service that sends scripted events. New streams receive the initial events. */
export class FakeDashboard {
  /** The aggregate event of a new stream; null for none. */
  aggregate: object | null = aggregateBody;
  /** The alerts event of a new stream; null for none. */
  alerts: object | null = unknownBody;
  /** The request event of a new stream; null for none. */
  request: object | null = requestBody;
  /** The experiment event of a new stream; null for a server without fault injection. */
  experiment: object | null = null;
  /** The map events of a new stream. */
  maps: object[] = [mapBody({ atMs: 0 }), mapBody({ atMs: 2_000, calls: 3, requests: 1 })];
  /** The bodies of the requests to start an experiment. */
  readonly experimentBodies: string[] = [];
  /** The status of the responses to these requests. */
  experimentStatus = 202;
  /** The earlier requests of `/api/requests`, oldest first. */
  earlier: object[] = [];
  /** The calls for the charts, including the requests and aggregates that are sent. */
  readonly history = new FakeHistory();
  /** The time of the server, milliseconds since the epoch. */
  now = Date.UTC(2025, 2, 9, 12, 5, 7);
  /** The required API key; null for none. */
  key: string | null = null;
  /** The number of requests to `/session/renewal`. */
  renewalCount = 0;
  /** Statuses of the next responses of `/session`. */
  readonly sessionStatuses: number[] = [];

  /** Path prefix that a reverse proxy adds. */
  readonly prefix: string;

  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #streams = new Set<ServerResponse>();
  #server: Server | null = null;
  #port = 0;
  #openedStreamCount = 0;
  #changed: () => void = () => {};

  constructor(files: readonly PageFile[], prefix = '') {
    this.prefix = prefix;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.prefix}/`;
  }

  /** The number of streams accepted so far. */
  get openedStreamCount(): number {
    return this.#openedStreamCount;
  }

  get openStreamCount(): number {
    return this.#streams.size;
  }

  /** Listens on a port that the system chooses. After `stop`, listens on the same port again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#respond(request, response));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Closes all connections without a final event. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** Opens the page and waits for its stream, which the page opens after its first paint. */
  async open(page: Page): Promise<void> {
    await page.goto(this.url);
    await this.waitForStreams(1);
  }

  /** Waits until `count` streams are open. */
  async waitForStreams(count: number): Promise<void> {
    while (this.#streams.size !== count) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  send(event: string, data: object | string): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.#write(`event: ${event}\ndata: ${text}\n\n`);
    if (typeof data !== 'string' && this.#count(event, data)) this.send('history', this.history.latest(this.now));
  }

  /** Adds the data of an event to the history. Returns whether the history has changed. */
  #count(event: string, data: object): boolean {
    if (event === 'request') this.history.addRequest(data, this.now);
    else if (event === 'aggregate') this.history.addAggregate(data, this.now);
    else return false;
    return true;
  }

  comment(text: string): void {
    this.#write(`: ${text}\n\n`);
  }

  /** Ends all streams with a final event. */
  shutDown(): void {
    this.send('bye', '{}');
    for (const stream of this.#streams) stream.end();
  }

  #write(text: string): void {
    if (this.#streams.size === 0) throw new Error('no stream is open');
    for (const stream of this.#streams) stream.write(text);
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    const path = url.startsWith(this.prefix) ? url.slice(this.prefix.length) : 'outside the prefix';
    response.setHeader('Content-Security-Policy', contentSecurityPolicy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (path === '/session' && request.method === 'POST') this.#openSession(request, response);
    else if (path === '/session' && request.method === 'DELETE') this.#endSession(response);
    else if (path === '/session/renewal' && request.method === 'POST') this.#renewSession(request, response);
    else if (path.startsWith('/api/') && !this.#allowed(request)) reject(response, 'API key required');
    else if (path === '/api/events') this.#openStream(response);
    else if (path === '/api/experiment') void this.#startExperiment(request, response);
    else if (path === '/api/requests') json(response, 200, { requests: this.earlier });
    else if (path === '/api/history') json(response, 200, this.history.body(this.now));
    else if (path === '/api/aggregate') json(response, 200, this.aggregate ?? aggregateBody);
    else this.#sendFile(path, response);
  }

  #allowed(request: IncomingMessage): boolean {
    return this.key === null || request.headers.cookie === `cohort_session=${this.key}`;
  }

  #openSession(request: IncomingMessage, response: ServerResponse): void {
    const status = this.sessionStatuses.shift();
    if (status !== undefined) {
      json(response, status, {});
    } else if (request.headers['x-api-key'] === this.key) {
      response.setHeader('Set-Cookie', `cohort_session=${this.key}; HttpOnly; SameSite=Strict; Path=/`);
      response.writeHead(204).end();
    } else {
      reject(response, 'Invalid API key');
    }
  }

  #endSession(response: ServerResponse): void {
    const status = this.sessionStatuses.shift();
    if (status !== undefined) {
      json(response, status, {});
      return;
    }
    response.setHeader('Set-Cookie', 'cohort_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict');
    response.writeHead(204).end();
    for (const stream of this.#streams) stream.end('event: bye\ndata: {}\n\n');
  }

  #renewSession(request: IncomingMessage, response: ServerResponse): void {
    this.renewalCount += 1;
    if (this.key === null) json(response, 200, { session: 'not required' });
    else if (this.#allowed(request)) response.writeHead(204).end();
    else reject(response, 'No valid session');
  }

  async #startExperiment(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    this.experimentBodies.push(body);
    json(response, this.experimentStatus, {});
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    response.on('close', () => {
      this.#streams.delete(response);
      this.#changed();
    });
    if (this.alerts !== null) response.write(`event: alerts\ndata: ${JSON.stringify(this.alerts)}\n\n`);
    if (this.aggregate !== null) response.write(`event: aggregate\ndata: ${JSON.stringify(this.aggregate)}\n\n`);
    if (this.request !== null) response.write(`event: request\ndata: ${JSON.stringify(this.request)}\n\n`);
    if (this.aggregate !== null) this.#count('aggregate', this.aggregate);
    if (this.request !== null) this.#count('request', this.request);
    response.write(`event: history\ndata: ${JSON.stringify(this.history.latest(this.now))}\n\n`);
    if (this.experiment !== null) response.write(`event: experiment\ndata: ${JSON.stringify(this.experiment)}\n\n`);
    for (const map of this.maps) response.write(`event: map\ndata: ${JSON.stringify(map)}\n\n`);
    this.#streams.add(response);
    this.#openedStreamCount += 1;
    this.#changed();
  }

  #sendFile(path: string, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (file === undefined) {
      json(response, 404, { error: 'Not Found' });
      return;
    }
    const cacheControl = file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
    response.writeHead(200, { 'Content-Type': file.contentType, 'Cache-Control': cacheControl }).end(file.contentType.startsWith('text/html') ? withDefaults(file.body) : file.body);
  }
}

/** The defaults of the slots that the dashboard service fills. */
function withDefaults(html: Buffer): string {
  return html.toString().replaceAll(/<!--(?:=[\w.-]+|\/)-->/g, '');
}

function reject(response: ServerResponse, message: string): void {
  json(response, 401, { error: 'Unauthorized', message });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
