// SPDX-License-Identifier: BSL-1.0
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { pageAssetsSource } from './embed.mjs';
import { renderRunbook } from './runbook.mjs';

/**
 * A file of the built page.
 * @typedef {{ name: string, path: string, contentType: string, immutable: boolean, body: Buffer }} PageFile
 */

const root = dirname(fileURLToPath(import.meta.url));

/** Sources that the pages refer to, and their built files. */
const sources = [
  { source: 'src/main.ts', stem: 'main', extension: 'js', contentType: 'text/javascript; charset=utf-8', shared: false },
  { source: 'src/style.css', stem: 'style', extension: 'css', contentType: 'text/css; charset=utf-8', shared: true },
];

const html = { contentType: 'text/html; charset=utf-8', immutable: false };

/**
 * Builds the pages in memory. The output is reproducible. The URLs are relative, so the page works behind a path
 * prefix.
 * @returns {Promise<PageFile[]>}
 */
export async function buildPage() {
  let index = await readFile(join(root, 'index.html'), 'utf8');
  let runbook = await readFile(join(root, 'runbook.html'), 'utf8');
  let notFound = await readFile(join(root, 'not-found.html'), 'utf8');
  /** @type {PageFile[]} */
  const assets = [];
  for (const { source, stem, extension, contentType, shared } of sources) {
    const body = await buildSource(source);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
    const name = `assets/${stem}-${hash}.${extension}`;
    assets.push({ name, path: `/${name}`, contentType, immutable: true, body });
    index = replaceOnce(index, `"${source}"`, `"${name}"`);
    if (!shared) continue;
    runbook = replaceOnce(runbook, `"${source}"`, `"${name}"`);
    notFound = replaceOnce(notFound, `${source}"`, `${name}"`);
  }
  const markdown = await readFile(join(root, '../monitoring/RUNBOOK.md'), 'utf8');
  runbook = replaceOnce(runbook, '<!-- RUNBOOK.md -->', renderRunbook(markdown));
  return [
    { ...html, name: 'index.html', path: '/', body: Buffer.from(index) },
    { ...html, name: 'runbook.html', path: '/runbook', body: Buffer.from(runbook) },
    { ...html, name: 'not-found.html', path: '/not-found', body: Buffer.from(notFound) },
    { name: 'favicon.ico', path: '/favicon.ico', contentType: 'image/svg+xml', immutable: false, body: await readFile(join(root, 'src/favicon.svg')) },
    ...assets,
  ];
}

/** @param {string} source */
async function buildSource(source) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [source],
    outdir: 'unused',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`esbuild has no output for ${source}`);
  return Buffer.from(output.contents);
}

/**
 * @param {string} text
 * @param {string} original
 * @param {string} replacement
 */
function replaceOnce(text, original, replacement) {
  const parts = text.split(original);
  if (parts.length !== 2) throw new Error(`a page must contain ${original} once; found ${parts.length - 1}`);
  return parts.join(replacement);
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  if (values.out === undefined) {
    stderr.write('usage: node build.mjs --out DIR\n');
    exit(2);
  }
  const out = resolve(values.out);
  const files = await buildPage();
  // Removes the files of earlier builds, which have different names.
  await rm(join(out, 'assets'), { recursive: true, force: true });
  await mkdir(join(out, 'assets'), { recursive: true });
  for (const { name, body } of files) await writeFile(join(out, name), body);
  await writeFile(join(out, 'page_assets.cpp'), pageAssetsSource(files));
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) await main();
