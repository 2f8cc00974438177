// SPDX-License-Identifier: BSL-1.0
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findEnvoy, findProgram } from '../support/backends.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { root, startProcess } from '../support/processes.ts';

/** A gateway under test, with its configuration in deploy/gateway. */
export interface Gateway {
  name: string;
  configuration: string;
  /** Unsupported cases, with the reason. */
  unsupported: Record<string, string>;
  /** Starts the gateway; returns undefined if the program is not installed. */
  start: (configuration: string, ports: { plain: number; tls: number }, directory: string) => BackgroundProcess[] | undefined;
}

/** The configuration file with the values of its placeholders, such as `@LISTEN@`; written to `directory`. */
export function writeConfiguration(configuration: string, directory: string, values: Record<string, string | number>): string {
  mkdirSync(directory, { recursive: true });
  const template = readFileSync(join(root, 'deploy/gateway', configuration), 'utf8');
  const path = join(directory, configuration);
  writeFileSync(path, template.replace(/@([A-Z]+)@/g, (_match, name: string) => String(values[name])));
  return path;
}

const noTokenSupport = 'no JSON Web Tokens without a commercial module';

export const gateways: Gateway[] = [
  {
    name: 'gateway-service',
    configuration: 'routes.json',
    unsupported: {},
    start: (configuration, ports, directory) => {
      const program = join(root, 'build/release/bin/gateway-service');
      const common = ['--routes', configuration, '--log-level', 'warn'];
      const environment = { API_KEY_FILE: join(directory, 'keys') };
      const certificate = ['--tls-cert', join(directory, 'tls.pem'), '--tls-key', join(directory, 'tls.key')];
      return [
        startProcess('gateway', program, [...common, '--port', String(ports.plain)], join(directory, 'gateway.log'), environment),
        startProcess('gateway-tls', program, [...common, '--port', String(ports.tls), ...certificate], join(directory, 'gateway-tls.log'), environment),
      ];
    },
  },
  {
    name: 'nginx',
    configuration: 'nginx.conf',
    unsupported: {
      'JWT: valid': noTokenSupport,
      'JWT: none, expired, other issuer, other audience': noTokenSupport,
      'JWT: alg none, key confusion': noTokenSupport,
      'JWT: not valid yet': noTokenSupport,
      'earlier deadline of the client': 'the deadline header of the client is not supported',
    },
    start: (configuration, _ports, directory) => {
      const program = findProgram(['nginx']);
      return program === undefined ? undefined : [startProcess('nginx', program, ['-p', directory, '-c', configuration, '-g', 'daemon off;'], join(directory, 'nginx.log'))];
    },
  },
  {
    name: 'HAProxy',
    configuration: 'haproxy.cfg',
    unsupported: {
      'earlier deadline of the client': 'the deadline header of the client is not supported',
      'mirror': 'needs an agent (SPOE)',
    },
    start: (configuration, _ports, directory) => {
      const program = findProgram(['haproxy']);
      return program === undefined ? undefined : [startProcess('haproxy', program, ['-db', '-f', configuration], join(directory, 'haproxy.log'))];
    },
  },
  {
    name: 'Envoy',
    configuration: 'envoy.yaml',
    unsupported: {},
    start: (configuration, _ports, directory) => {
      const program = findEnvoy();
      return program === undefined ? undefined : [startProcess('envoy', program, ['-c', configuration, '--log-level', 'warn', '--use-dynamic-base-id'], join(directory, 'envoy.log'))];
    },
  },
];
