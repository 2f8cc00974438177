// SPDX-License-Identifier: BSL-1.0
// Tests Cohort's server with a client of npm's `ws`: node client.mjs URL
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(`${process.env.WS_MODULES}/`)('ws');
const url = process.argv[2];

function open(options = {}, protocols = ['echo']) {
  const socket = new WebSocket(url, protocols, options);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      reject(new Error(`status ${response.statusCode}`));
    });
  });
}
const next = (socket, event) => new Promise((resolve) => socket.once(event, (...values) => resolve(values)));
const code = async (socket) => (await next(socket, 'close'))[0];

for (const perMessageDeflate of [false, true, { clientNoContextTakeover: true, threshold: 0 }]) {
  const socket = await open({ perMessageDeflate });
  assert.equal(socket.protocol, 'echo');
  assert.equal(socket.extensions.includes('permessage-deflate'), perMessageDeflate !== false);
  for (const size of [0, 1, 125, 126, 1000, 65535, 65536, 1_000_000]) {
    const text = '€uro '.repeat(size).slice(0, size);
    socket.send(text);
    const [answer, isBinary] = await next(socket, 'message');
    assert.equal(isBinary, false);
    assert.equal(answer.toString(), text, `text of ${size}`);
    const bytes = Buffer.alloc(size, 'ab\xff');
    socket.send(bytes);
    const [binary] = await next(socket, 'message');
    assert.ok(binary.equals(bytes), `binary of ${size}`);
  }
  // A message in fragments, and a ping between them.
  socket.send('one ', { fin: false });
  socket.ping('p');
  socket.send('two', { fin: true });
  const [[pong], [joined]] = await Promise.all([next(socket, 'pong'), next(socket, 'message')]);
  assert.equal(pong.toString(), 'p');
  assert.equal(joined.toString(), 'one two');
  socket.close(4000, 'bye');
  assert.equal(await code(socket), 4000);
}

const largeSocket = await open({ perMessageDeflate: true });
largeSocket.send('x'.repeat(5_000_000));
assert.equal(await code(largeSocket), 1009);

await assert.rejects(open({ origin: 'http://other.example' }), /status 403/);
const same = await open({ origin: new URL(url.replace(/^ws/, 'http')).origin });
same.terminate();
console.log(`npm ws: all checks passed (${new URL(url).protocol})`);
