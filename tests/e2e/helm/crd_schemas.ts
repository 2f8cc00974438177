// SPDX-License-Identifier: BSL-1.0
// Reads the schemas of other projects' custom resources from the Go modules that define them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Value = null | string | number | boolean | Value[] | { [name: string]: Value };

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  enum?: Value[];
  pattern?: string;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}
interface Definition {
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

const definitions: Record<string, [module: string, file: string]> = {
  HTTPRoute: ['sigs.k8s.io/gateway-api@v1.4.0', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  PodMonitor: [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
  ],
  PrometheusRule: [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
  ],
};

/** The kinds that `validateManifest` supports. */
export const customKinds = Object.keys(definitions);

/** Downloads the definition of a kind. `parse`: a parser of YAML with one document. Throws if it cannot be downloaded. */
export function readDefinition(kind: string, parse: (text: string) => unknown): Definition {
  const [module, file] = definitions[kind] ?? ['', ''];
  const output = execFileSync('go', ['mod', 'download', '-json', module], { cwd: mkdtempSync(join(tmpdir(), 'cohort-crd-')), encoding: 'utf8' });
  const { Dir: directory } = JSON.parse(output) as { Dir: string };
  return parse(readFileSync(join(directory, file), 'utf8')) as Definition;
}

function typeOf(value: Value): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

function problemsOf(value: Value, schema: Schema, path: string): string[] {
  const type = typeOf(value);
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string'].includes(type) ? [] : [`${path}: ${type}`];
  if (schema.type !== undefined && schema.type !== type && !(schema.type === 'number' && type === 'integer')) {
    return [`${path}: ${type} instead of ${schema.type}`];
  }
  if (schema.enum && !schema.enum.includes(value)) return [`${path}: ${JSON.stringify(value)} is not one of ${JSON.stringify(schema.enum)}`];
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return [`${path}: ${JSON.stringify(value)} does not match ${schema.pattern}`];
  }
  const { items, properties, additionalProperties: others } = schema;
  if (Array.isArray(value)) return items ? value.flatMap((each, index) => problemsOf(each, items, `${path}.${index}`)) : [];
  if (value === null || typeof value !== 'object') return [];
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`);
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || others === true || properties === undefined;
  const problems = Object.entries(value).flatMap(([name, each]) => {
    const known = properties?.[name] ?? (typeof others === 'object' ? others : undefined);
    if (known) return problemsOf(each, known, `${path}.${name}`);
    return isOpen ? [] : [`${path}.${name} is unknown`];
  });
  return [...missing, ...problems];
}

/** Differences between a manifest and the schema of its definition. */
export function validateManifest(manifest: { [name: string]: Value }, definition: Definition): string[] {
  const { group, names, versions } = definition.spec;
  const version = versions.find(({ name }) => manifest['apiVersion'] === `${group}/${name}`);
  if (!version) return [`${names.kind} has no version ${JSON.stringify(manifest['apiVersion'])}`];
  return problemsOf(manifest, version.schema.openAPIV3Schema, names.kind);
}
