// SPDX-License-Identifier: BSL-1.0
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { root, runProcess } from '../support/processes.ts';
import type { RealPlan } from './observed_run.ts';

export const rehearseProgram = join(root, 'build/release/bin/cohort-rehearse');

/** Reads a plan for real processes. Exits with a message if the plan is invalid or needs more cores. */
export async function readRealPlan(file: string): Promise<RealPlan> {
  const { status, output } = await runProcess(rehearseProgram, ['--plan', file]);
  if (status !== 0) {
    process.stderr.write(output);
    process.exit(status);
  }
  const plan = JSON.parse(output) as RealPlan;
  const machines = new Set(plan.services.map(({ machine }) => machine)).size;
  if (machines > cpus().length) {
    console.error(`rehearse: the plan has ${machines} machines, but a real run needs a core for each of them, and there are ${cpus().length}; let services share a machine`);
    process.exit(2);
  }
  return plan;
}

/** The date, the processors and the revision of a measurement. */
export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU';
  const revision = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim();
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${model}, revision ${revision}`;
}
