// SPDX-License-Identifier: BSL-1.0
import { expect, test } from 'vitest';
import { literalLines, pageAssetsSource } from '../../embed.mjs';

/** The bytes of a C++ string literal. */
function decode(lines: string[]): number[] {
  const bytes: number[] = [];
  for (const [token] of lines.join('').matchAll(/\\[0-7]{1,3}|[^\\]/g)) {
    bytes.push(token.startsWith('\\') ? parseInt(token.slice(1), 8) : token.charCodeAt(0));
  }
  return bytes;
}

test('a literal encodes every byte, also before a digit', () => {
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? i / 2 : '7'.charCodeAt(0)));
  expect(decode(literalLines(bytes))).toEqual([...bytes]);
});

test('a literal has no quotes, trigraphs or non-ASCII characters', () => {
  const text = literalLines(new TextEncoder().encode('a??=b "c" °C \n')).join('');
  expect(text).not.toMatch(/[^\x20-\x7e]|\?|"/);
});

test('a body that compression does not shorten has no compressed variant', () => {
  const file = { contentType: 'text/plain', immutable: true };
  const small = { ...file, name: 'assets/small-0a1b2c.js', path: '/assets/small-0a1b2c.js', body: Buffer.from('x') };
  const long = { ...file, name: 'index.html', path: '/', body: Buffer.from('x'.repeat(500)) };
  const source = pageAssetsSource([small, long]);
  expect(source).toContain('.identity = {small_js, sizeof small_js - 1},\n     .gzip = {}}');
  expect(source).toContain('.gzip = {index_html_gzip, sizeof index_html_gzip - 1}}');
  expect(source).not.toContain('small_js_gzip');
});
