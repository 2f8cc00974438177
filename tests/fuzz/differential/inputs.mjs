// SPDX-License-Identifier: BSL-1.0
// Generates the inputs of the differential fuzzer: seeds with different request framings, and mutations of the seeds.
// Texts are latin1.

const host = 'Host: a\r\n';
const smuggledRequest = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (fields, body = '', version = '1.1') => `POST /p HTTP/${version}\r\n${host}${fields}\r\n${body}`;
const chunked = 'Transfer-Encoding: chunked\r\n';

/** Values of Transfer-Encoding that implementations have read differently. */
const codings = [
  'chunked', 'Chunked', ' chunked', 'chunked ', 'chunked\t', '\tchunked', '\x0bchunked', 'xchunked', 'chunked, identity',
  'identity, chunked', 'identity', 'gzip, chunked', 'chunked, chunked', '"chunked"', 'chunked;q=1', ',chunked', 'chunked,',
  'chunked\x00', 'chunke', '', 'cow',
];
/** Lines that imitate Transfer-Encoding or Content-Length. */
const lines = [
  'Transfer-Encoding : chunked', ' Transfer-Encoding: chunked', 'Transfer_Encoding: chunked', 'Transfer-Encoding:chunked',
  'X: x\nTransfer-Encoding: chunked', 'X: x\rTransfer-Encoding: chunked', 'Transfer-Encoding\r\n: chunked',
  'Transfer-Encoding:\r\n chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x', 'Content-Length : 5',
  'Content-Length: +5', 'Content-Length: 5, 5', 'Content-Length: 5\r\nContent-Length: 6', 'Content-Length: 5\r\nContent-Length: 5',
  'Content-Length: 0x5', 'Content-Length: 05', 'Content-Length: 5 ', 'Content-Length: 5\x0b', 'Content-Length: 5\r\n 5',
  'Content-Length: -5', 'Content-Length: 5.0', 'Content-Length: 18446744073709551621', 'Content-Length: 4294967301',
  'Content-Length:\t5', 'Content-Length: ', 'content-length: 5', 'Content-Length\x00: 5', 'Content Length: 5',
];
const chunkedBodies = [
  '0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', '5;a=b\r\nhello\r\n0\r\n\r\n', '5 \r\nhello\r\n0\r\n\r\n', '5;a="\r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n', '05\r\nhello\r\n00\r\n\r\n', '0x5\r\nhello\r\n0\r\n\r\n', '+5\r\nhello\r\n0\r\n\r\n', '5\rhello\r\n0\r\n\r\n',
  '5\r\nhelloX\r\n0\r\n\r\n', '5\r\nhello0\r\n\r\n', '5;\nx\r\nhello\r\n0\r\n\r\n', 'fffffffffffffffff5\r\nhello\r\n0\r\n\r\n',
  '100000005\r\nhello\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\nT: v\r\n\r\n', '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n',
  '5\r\nhello\r\n0\r\n', '5\r\nhello\r\n0;a\r\n\r\n', '5\r\nhello\r\n0\r\n X: y\r\n\r\n', '5\r\nhello\r\n0\r\nX: y\n\r\n', '\r\n5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n-1\r\n\r\n', '5\r\nhello\r\n\r\n0\r\n\r\n', '5;a=b;c="d\\"e"\r\nhello\r\n0\r\n\r\n', '2\r\n\r\n\r\n0\r\n\r\n',
];

export const seeds = [
  smuggledRequest, smuggledRequest + smuggledRequest, '\r\n' + smuggledRequest, '\n' + smuggledRequest, '\r\n\r\n' + smuggledRequest,
  post('Content-Length: 5\r\n', 'hello' + smuggledRequest), post('Content-Length: 5\r\n', 'hello\r\n' + smuggledRequest),
  post('Content-Length: 0\r\n', smuggledRequest), post('', smuggledRequest), post('Content-Length: 100\r\n', 'short'),
  // CL.TE and TE.CL.
  post(`Content-Length: 6\r\n${chunked}`, `0\r\n\r\n${smuggledRequest}`), post(`${chunked}Content-Length: 4\r\n`, `5c\r\n${smuggledRequest}\r\n0\r\n\r\n`),
  post(chunked, '5\r\nhello\r\n0\r\n\r\n', '1.0') + smuggledRequest, post('Connection: keep-alive\r\nContent-Length: 5\r\n', 'hello', '1.0') + smuggledRequest,
  post('Connection: close\r\nContent-Length: 5\r\n', 'hello') + smuggledRequest, post('Connection: Content-Length\r\nContent-Length: 5\r\n', 'hello') + smuggledRequest,
  post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello') + smuggledRequest, post('Expect: x\r\nContent-Length: 5\r\n', 'hello') + smuggledRequest,
  post('Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n', 'hello') + smuggledRequest,
  // Start lines and header sections.
  'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\nHost: a\n\n' + smuggledRequest,
  'GET / HTTP/1.1\r\nHost: a\r\n\n' + smuggledRequest, 'GET / HTTP/1.1\r\nHost: a\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n' + smuggledRequest,
  'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n' + smuggledRequest,
  'GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n' + smuggledRequest,
  'GET  / HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest, 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest, 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest,
  'GET / HTTP/1.2\r\nHost: a\r\n\r\n' + smuggledRequest, 'GET / HTTP/1.10\r\nHost: a\r\n\r\n' + smuggledRequest, 'GET / http/1.1\r\nHost: a\r\n\r\n' + smuggledRequest,
  'GET /\r\n\r\n' + smuggledRequest, 'GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest, 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest,
  'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest, 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest,
  'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n' + smuggledRequest + smuggledRequest, 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n' + smuggledRequest,
  'DELETE /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' + smuggledRequest,
  ...codings.map((value) => post(`Transfer-Encoding: ${value}\r\n`, `5\r\nhello\r\n0\r\n\r\n${smuggledRequest}`)),
  ...codings.map((value) => post(`Content-Length: 5\r\nTransfer-Encoding: ${value}\r\n`, `0\r\n\r\n${smuggledRequest}`)),
  ...lines.map((line) => post(`${line}\r\n`, `0\r\n\r\n${smuggledRequest}`)),
  ...lines.map((line) => post(`${line}\r\n${chunked}`, `0\r\n\r\n${smuggledRequest}`)),
  ...lines.map((line) => post(`Content-Length: 5\r\n${line}\r\n`, `0\r\n\r\n${smuggledRequest}`)),
  ...chunkedBodies.map((body) => post(chunked, body + smuggledRequest)),
];

/** Seeds that every server accepts. Half of the mutations start from them; those of invalid seeds are mostly rejected. */
const validSeeds = [
  smuggledRequest + smuggledRequest, post('Content-Length: 5\r\n', 'hello') + smuggledRequest, post(chunked, '5\r\nhello\r\n0\r\n\r\n') + smuggledRequest,
  post(chunked, '5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n') + smuggledRequest, post('Connection: keep-alive\r\nContent-Length: 5\r\n', 'hello', '1.0') + smuggledRequest,
  post(chunked, '1\r\nx\r\n2\r\n\r\n\r\n0\r\n\r\n') + post('Content-Length: 42\r\n', smuggledRequest.padEnd(42)) + smuggledRequest,
];

const tokens = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\n\n', ' ', '\t', '\0', '\x0b', '\x0c', '\x7f', '\x80', '\xa0', '\xff', ':', ';', ',', '=', '"', '\\', '0', '5', 'f', '-', '+',
  '0\r\n\r\n', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n', chunked, 'Connection: close\r\n', 'Connection: keep-alive\r\n', 'HTTP/1.0', 'HTTP/1.1', host,
  smuggledRequest, 'chunked', 'X: ', '1;a=b\r\nx\r\n', 'Expect: 100-continue\r\n', '?', '/', '#', '%00',
];

/** A deterministic generator of numbers (xorshift32). */
export function generator(seed) {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
  };
}

function mutateOnce(text, random) {
  const at = random(text.length + 1);
  const token = tokens[random(tokens.length)];
  const other = seeds[random(seeds.length)];
  switch (random(7)) {
    case 0: return text.slice(0, at) + token + text.slice(at);
    case 1: return text.slice(0, at) + text.slice(at + 1 + random(4));
    case 2: return text.slice(0, at) + token + text.slice(at + token.length);
    case 3: return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
    case 4: return text.slice(0, at) + other.slice(random(other.length));
    case 5: return text.slice(0, at) + text.slice(Math.max(0, at - random(24)));
    default: {
      // Moves or duplicates a line, such as a framing field.
      const all = text.split('\r\n');
      const line = all[random(all.length)];
      all.splice(random(all.length), random(2), line);
      return all.join('\r\n');
    }
  }
}

/** The input with this number: first the seeds, then mutations. */
export function inputAt(index, seed) {
  if (index < seeds.length) return seeds[index];
  const random = generator((seed * 2654435761 + index * 40503) >>> 0);
  for (let i = 0; i < 5; ++i) random(2);
  const origins = random(2) ? seeds : validSeeds;
  let text = origins[random(origins.length)];
  for (let count = 1 + random(3); count > 0; --count) text = mutateOnce(text, random);
  // A second request after the input shows where the first request ended.
  return (random(2) ? text : text + smuggledRequest).slice(0, 4096);
}
