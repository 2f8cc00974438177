// SPDX-License-Identifier: BSL-1.0
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { pause } from '../support/assertions.ts';

/** A request as an upstream has received it. */
export interface ReceivedRequest {
  upstream: string;
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/**
 * An upstream that responds with the request as JSON. Query parameters select other behavior: `delay` (milliseconds),
 * `fail` (the number of 503 responses for each path before it succeeds). Paths that end in `/events` are streams of two
 * events, 700 ms apart; messages on WebSockets are echoed.
 */
export class Upstream {
  readonly requests: ReceivedRequest[] = [];
  private readonly failures = new Map<string, number>();
  private readonly server = createServer((request, response) => void this.respond(request, response));

  constructor(readonly name: string) {
    this.server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.echo(request, socket));
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    const url = request.url ?? '';
    const received = { upstream: this.name, method: request.method ?? '', url, headers: request.headers, body };
    this.requests.push(received);
    const { pathname, searchParams } = new URL(url, 'http://upstream');
    if (pathname.endsWith('/events')) return this.sendEvents(response);
    await pause(Number(searchParams.get('delay') ?? 0));
    const failures = this.failures.get(url) ?? 0;
    const isFailure = failures < Number(searchParams.get('fail') ?? 0);
    if (isFailure) this.failures.set(url, failures + 1);
    response.writeHead(isFailure ? 503 : 200, { 'Content-Type': 'application/json', 'X-Internal': 'secret' });
    response.end(JSON.stringify(received));
  }

  private async sendEvents(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write('data: one\n\n');
    await pause(700);
    response.end('data: two\n\n');
  }

  /** Accepts the handshake (RFC 6455 section 4.2.2) and echoes the frames of the client without their mask. */
  private echo(request: IncomingMessage, socket: Socket): void {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('error', () => undefined);
    socket.on('data', (frame: Buffer) => {
      const length = (frame[1] ?? 0) & 0x7f;
      const mask = frame.subarray(2, 6);
      const payload = frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.from([frame[0] ?? 0, length]), payload]));
    });
  }
}
