// SPDX-License-Identifier: BSL-1.0
/** The alert and recording rules of Prometheus as objects of the Prometheus operator. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const rulesDirectory = fileURLToPath(new URL('../prometheus/rules/', import.meta.url));

/** The generated file. */
export const rulesFile = fileURLToPath(new URL('../../deploy/kubernetes/components/monitoring/rules.yaml', import.meta.url));

const header = `# SPDX-License-Identifier: BSL-1.0
# Generated from monitoring/prometheus/rules by \`npm run build\` in monitoring/.
`;

/** One PrometheusRule per rule file, as YAML documents. */
export function prometheusRules(): string {
  const documents = readdirSync(rulesDirectory)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) =>
      stringify(
        {
          apiVersion: 'monitoring.coreos.com/v1',
          kind: 'PrometheusRule',
          metadata: { name: `cohort-${name.slice(0, -'.yml'.length)}` },
          spec: parse(readFileSync(rulesDirectory + name, 'utf8')) as unknown,
        },
        { lineWidth: 0, aliasDuplicateObjects: false },
      ),
    );
  return header + documents.join('---\n');
}
