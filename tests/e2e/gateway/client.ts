// SPDX-License-Identifier: BSL-1.0
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';

import { elapsed } from '../support/assertions.ts';
import type { ReceivedRequest } from './upstream.ts';

export interface Response {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds until the first chunk of the body, and until its end. */
  firstChunkTime: number;
  end: number;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The certificate that the server must present. */
  ca?: Buffer;
}

/** Sends a request on a new connection. The status is 0 if the connection fails. */
export function send(url: string, { method = 'GET', headers = {}, body = '', ca }: RequestOptions = {}): Promise<Response> {
  return new Promise((resolve) => {
    const start = elapsed();
    const options = { method, headers, agent: false, timeout: 10_000, ...(ca === undefined ? {} : { ca }) };
    const sent = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (response) => {
      let text = '';
      let firstChunkTime = 0;
      response.on('data', (part: Buffer) => {
        firstChunkTime ||= elapsed() - start;
        text += part.toString();
      });
      response.on('close', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, firstChunkTime, end: elapsed() - start });
      });
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', (error) => resolve({ status: 0, headers: {}, body: error.message, firstChunkTime: 0, end: elapsed() - start }));
    sent.end(body);
  });
}

/** The request as the upstream received it; undefined if the response does not come from an upstream. */
export function received(response: Response): ReceivedRequest | undefined {
  try {
    return JSON.parse(response.body) as ReceivedRequest;
  } catch {
    return undefined;
  }
}

/** Opens a WebSocket, sends a text message, and returns the message that it receives. */
export function echoByWebSocket(port: number, path: string, message: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let bytes = Buffer.alloc(0);
    let isOpen = false;
    const finish = (result: string): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(5000, () => finish('timeout'));
    socket.on('error', (error) => finish(error.message));
    socket.on('close', () => finish('closed'));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    socket.on('data', (part: Buffer) => {
      bytes = Buffer.concat([bytes, part]);
      const headEnd = bytes.indexOf('\r\n\r\n');
      if (!isOpen && headEnd >= 0) {
        const statusLine = bytes.subarray(0, bytes.indexOf('\r\n')).toString();
        if (!statusLine.includes(' 101 ')) return finish(statusLine);
        isOpen = true;
        bytes = bytes.subarray(headEnd + 4);
        const mask = randomBytes(4);
        const masked = Buffer.from(message).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
        socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | message.length]), mask, masked]));
      }
      const length = (bytes[1] ?? 0) & 0x7f;
      if (isOpen && bytes.length >= 2 + length && bytes.length > 2) finish(bytes.subarray(2, 2 + length).toString());
    });
  });
}
