// SPDX-License-Identifier: BSL-1.0
// sbom.mjs PACKAGES VERSION DISTRIBUTION [--check DOCUMENT]
// Prints the bill of materials of the image as SPDX 2.3 JSON. PACKAGES is an output file of
// deploy/image/image_packages; DISTRIBUTION is, for example, debian-13. With --check, fails if the table of DOCUMENT
// lists different packages.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Parses the lines of deploy/image/image_packages. Throws on a malformed line. */
export function parsePackages(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [inclusion, name, version, architecture, source, sourceVersion, homepage, ...extraFields] = line.split('\t');
      if ((inclusion !== 'contained' && inclusion !== 'compiled-in') || !sourceVersion || extraFields.length > 0) {
        throw new Error(`not a line of image_packages: ${line}`);
      }
      return { inclusion, name, version, architecture, source, sourceVersion, homepage: homepage ?? '' };
    });
}

const identifier = (name) => `SPDXRef-Package-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`;

/** The package URL of a Debian package: https://github.com/package-url/purl-spec */
function packageUrl(entry, distribution) {
  const escape = (text) => encodeURIComponent(text).replace(/%3A/g, ':');
  return `pkg:deb/debian/${escape(entry.name)}@${escape(entry.version)}?arch=${entry.architecture}&distro=${distribution}`;
}

function debianPackage(entry, distribution) {
  return {
    SPDXID: identifier(entry.name),
    name: entry.name,
    versionInfo: entry.version,
    supplier: 'Organization: Debian',
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    ...(/^https?:/.test(entry.homepage) ? { homepage: entry.homepage } : {}),
    sourceInfo: `built from the Debian source package ${entry.source} ${entry.sourceVersion}`,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: packageUrl(entry, distribution),
      },
    ],
  };
}

/** The SPDX document. `created` is a Date. */
export function makeDocument(packages, { version, distribution, created }) {
  const hash = createHash('sha256').update(JSON.stringify([packages, version, distribution])).digest('hex');
  const image = 'SPDXRef-Package-cohort';
  const relationships = packages.map((entry) => ({
    spdxElementId: image,
    relationshipType: entry.inclusion === 'contained' ? 'CONTAINS' : 'STATIC_LINK',
    relatedSpdxElement: identifier(entry.name),
  }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `cohort-image-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/cohort-image-${version}-${hash}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: ['Tool: cohort-sbom'],
    },
    packages: [
      {
        SPDXID: image,
        name: 'cohort',
        versionInfo: version,
        supplier: 'NOASSERTION',
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        primaryPackagePurpose: 'CONTAINER',
        licenseConcluded: 'BSL-1.0',
        licenseDeclared: 'BSL-1.0',
        copyrightText: 'NOASSERTION',
      },
      ...packages.map((entry) => debianPackage(entry, distribution)),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: image },
      ...relationships,
    ],
  };
}

/** The packages in the first column of the tables of a Markdown document, as `name`. */
export function documentedPackages(markdown) {
  return [...markdown.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]).sort();
}

function main([file, version, distribution, option, document]) {
  if (distribution === undefined || (option !== undefined && (option !== '--check' || document === undefined))) {
    console.error('sbom.mjs: usage: sbom.mjs PACKAGES VERSION DISTRIBUTION [--check DOCUMENT]');
    return 2;
  }
  const packages = parsePackages(readFileSync(file, 'utf8'));
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  const created = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  console.log(JSON.stringify(makeDocument(packages, { version, distribution, created }), null, 2));
  if (document === undefined) return 0;
  const documentedNames = documentedPackages(readFileSync(document, 'utf8'));
  const names = packages.map((entry) => entry.name);
  const problems = [
    ...names.filter((name) => !documentedNames.includes(name)).map((name) => `${name} is missing`),
    ...documentedNames.filter((name) => !names.includes(name)).map((name) => `${name} is not in the image`),
  ];
  for (const line of problems) console.error(`sbom.mjs: ${document}: ${line}`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv.slice(2));
