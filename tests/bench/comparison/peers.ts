// SPDX-License-Identifier: BSL-1.0
// Builds the servers of the other frameworks in the comparisons. Lock files pin the versions.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram } from '../../e2e/support/backends.ts';
import { root } from '../../e2e/support/processes.ts';

const sources = join(root, 'tests/bench/peers');
const cache = join(root, 'build/bench/peers');

export type Language = 'rust' | 'go' | 'node' | 'python';

/** The tool that builds the servers in a language. */
const tools: Record<Language, string> = { rust: 'cargo', go: 'go', node: 'npm', python: 'python3' };

const built = new Map<Language, string | Error>();

/** Returns the directory of the built servers in `language`; builds them first, which can take minutes. Throws if that fails. */
export function buildPeers(language: Language): string {
  const result = built.get(language) ?? tryToBuild(language);
  built.set(language, result);
  if (result instanceof Error) throw result;
  return result;
}

function tryToBuild(language: Language): string | Error {
  const tool = tools[language];
  if (findProgram([tool]) === undefined) return new Error(`${tool} is not installed`);
  mkdirSync(cache, { recursive: true });
  console.error(`Building the servers in ${language} …`);
  try {
    return builders[language]();
  } catch (error) {
    return new Error(`${tool} cannot build the servers: ${error instanceof Error ? error.message.slice(0, 2000) : String(error)}`);
  }
}

function run(directory: string, program: string, ...args: string[]): void {
  // Standard output is reserved for the results.
  execFileSync(program, args, { cwd: directory, stdio: ['ignore', 2, 2] });
}

const builders: Record<Language, () => string> = {
  rust() {
    run(join(sources, 'rust'), 'cargo', 'build', '--quiet', '--release', '--locked', '--target-dir', join(cache, 'rust'));
    return join(cache, 'rust/release');
  },
  go() {
    const output = join(cache, 'go');
    mkdirSync(output, { recursive: true });
    run(join(sources, 'go'), 'go', 'build', '-trimpath', '-o', output, './...');
    return output;
  },
  node() {
    run(join(sources, 'node'), 'npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
    return join(sources, 'node');
  },
  python() {
    const environment = join(cache, 'python');
    if (!existsSync(join(environment, 'bin/pip'))) run(sources, 'python3', '-m', 'venv', environment);
    run(sources, join(environment, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', '-r', 'python/requirements.txt');
    return join(environment, 'bin');
  },
};

/** Returns the directory of the sources of the servers in `language`. */
export function sourceDirectory(language: Language): string {
  return join(sources, language);
}

/** Returns the version of a dependency from the lock file of its language. */
export function peerVersion(language: Language, name: string): string {
  const files: Record<Language, string> = {
    rust: 'rust/Cargo.lock', go: 'go/go.mod', node: 'node/package.json', python: 'python/requirements.txt',
  };
  const patterns: Record<Language, string> = {
    rust: `name = "${name}"\nversion = "([^"]+)"`, go: `${name} v(\\S+)`, node: `"${name}": "([^"]+)"`, python: `^${name}==(\\S+)$`,
  };
  const text = readFileSync(join(sources, files[language]), 'utf8');
  const version = new RegExp(patterns[language], 'm').exec(text)?.[1];
  if (version === undefined) throw new Error(`${files[language]} does not contain a version of ${name}`);
  return version;
}

/** Returns the first version number that a program prints. */
export function programVersion(program: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown version';
}
