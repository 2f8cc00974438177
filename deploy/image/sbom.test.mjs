// SPDX-License-Identifier: BSL-1.0
// node --test deploy/image/sbom.test.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { documentedPackages, makeDocument, parsePackages } from './sbom.mjs';

const lines = [
  'contained\tlibc6\t2.41-12\tamd64\tglibc\t2.41-12\thttps://www.gnu.org/software/libc/',
  'contained\tlibstdc++6\t14.2.0-19\tamd64\tgcc-14\t14.2.0-19\thttp://gcc.gnu.org/',
  'contained\tzlib1g\t1:1.3.1-1\tamd64\tzlib\t1:1.3.1-1\t',
  'compiled-in\tlibcli11-dev\t2.4.1+ds-2\tall\tcli11\t2.4.1+ds-2\thttps://github.com/CLIUtils/CLI11',
];
const packages = parsePackages(`${lines.join('\n')}\n`);
const details = { version: '1.2.3', distribution: 'debian-13', created: new Date('2026-01-02T03:04:05.678Z') };
const document = makeDocument(packages, details);
const script = fileURLToPath(new URL('sbom.mjs', import.meta.url));

test('the document has all required fields of SPDX 2.3', () => {
  assert.equal(document.spdxVersion, 'SPDX-2.3');
  assert.equal(document.dataLicense, 'CC0-1.0');
  assert.equal(document.SPDXID, 'SPDXRef-DOCUMENT');
  assert.match(document.documentNamespace, /^https:\/\/[^#]+$/);
  assert.equal(document.creationInfo.created, '2026-01-02T03:04:05Z');
  assert.match(document.creationInfo.creators[0], /^Tool: /);
  for (const entry of document.packages) {
    assert.match(entry.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
    assert.ok(entry.name && entry.versionInfo && entry.downloadLocation);
    assert.equal(entry.filesAnalyzed, false);
  }
});

test('each package is listed once, with its version, source and package URL', () => {
  assert.equal(new Set(document.packages.map((entry) => entry.SPDXID)).size, lines.length + 1);
  const zlib = document.packages.find((entry) => entry.name === 'zlib1g');
  assert.equal(zlib.versionInfo, '1:1.3.1-1');
  assert.equal(zlib.sourceInfo, 'built from the Debian source package zlib 1:1.3.1-1');
  assert.equal(zlib.homepage, undefined);
  assert.deepEqual(zlib.externalRefs, [
    {
      referenceCategory: 'PACKAGE-MANAGER',
      referenceType: 'purl',
      referenceLocator: 'pkg:deb/debian/zlib1g@1:1.3.1-1?arch=amd64&distro=debian-13',
    },
  ]);
  const library = document.packages.find((entry) => entry.name === 'libstdc++6');
  assert.equal(library.externalRefs[0].referenceLocator, 'pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-13');
});

test('relationships connect the document, the image and its packages', () => {
  const ids = new Set(['SPDXRef-DOCUMENT', ...document.packages.map((entry) => entry.SPDXID)]);
  for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
    assert.ok(ids.has(spdxElementId) && ids.has(relatedSpdxElement));
  }
  const count = (type) => document.relationships.filter((entry) => entry.relationshipType === type).length;
  assert.deepEqual([count('DESCRIBES'), count('CONTAINS'), count('STATIC_LINK')], [1, 3, 1]);
});

test('the namespace depends only on the list of packages', () => {
  assert.equal(makeDocument(packages, details).documentNamespace, document.documentNamespace);
  assert.notEqual(makeDocument(packages.slice(1), details).documentNamespace, document.documentNamespace);
});

test('a malformed line is rejected', () => {
  for (const line of ['libc6\t2.41', 'contained\tlibc6', `${lines[0]}\textra`, 'installed\ta\t1\tall\ta\t1\t']) {
    assert.throws(() => parsePackages(line), /not a line of image_packages/);
  }
});

test('the program prints the document, and --check compares it with a table', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sbom-'));
  const list = join(directory, 'packages.tsv');
  const table = join(directory, 'image.md');
  writeFileSync(list, `${lines.join('\n')}\n`);
  const run = (names) => {
    writeFileSync(table, names.map((name) => `| \`${name}\` | text |\n`).join(''));
    const env = { ...process.env, SOURCE_DATE_EPOCH: '0' };
    return spawnSync(process.execPath, [script, list, '1.2.3', 'debian-13', '--check', table], { encoding: 'utf8', env });
  };
  const complete = run(['libc6', 'libstdc++6', 'zlib1g', 'libcli11-dev']);
  assert.equal(complete.status, 0);
  assert.equal(JSON.parse(complete.stdout).creationInfo.created, '1970-01-01T00:00:00Z');
  const problems = run(['libc6', 'libstdc++6', 'other', 'libcli11-dev']);
  assert.equal(problems.status, 1);
  assert.match(problems.stderr, /zlib1g is missing\n.*other is not in the image/);
});

test('docs/image.md has a table of packages', () => {
  const names = documentedPackages(readFileSync(new URL('../../docs/image.md', import.meta.url), 'utf8'));
  assert.ok(names.includes('libssl-dev') && names.includes('tzdata'));
});
