// SPDX-License-Identifier: BSL-1.0
// Tunes the policies of the stack by simulation (simulation/rehearsals/tuning.json), and measures the choice and the
// defaults with the real programs in fault scripts that the search has not used (tuning_check.json). Prints a table.
// Argument: --repeat N (runs of each script and setting, default 3).
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, runProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { ObservedRun, RealPlan } from './observed_run.ts';
import { describeMachine, readRealPlan } from './real_plan.ts';
import { RealRunner } from './real_runner.ts';

const tuningPlan = 'simulation/rehearsals/tuning.json';
const checkPlan = 'simulation/rehearsals/tuning_check.json';
/** In how many of ten scripts the choice must be better than the defaults. */
const requiredRatio = 0.9;

function fail(message: string): never {
  console.error(`tune check: ${message}`);
  process.exit(2);
}

function parseRepeat(words: string[]): number {
  if (words.length === 0) return 3;
  const repeat = Number(words[1]);
  if (words.length !== 2 || words[0] !== '--repeat') fail(`unknown argument "${words.join(' ')}"; accepted: --repeat N`);
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > 20) fail(`--repeat is "${words[1]}", but must be an integer from 1 to 20`);
  return repeat;
}

/** The settings that the search prints, as variables of the dashboard. */
async function tune(): Promise<Record<string, string>> {
  const { status, output } = await runProcess(join(root, 'build/release/bin/cohort-tune'), [
    '--plan', join(root, tuningPlan), '--candidates', '64', '--seconds', '3600',
  ]);
  process.stdout.write(`${output}\n`);
  if (status !== 0) process.exit(status);
  const lines = output.slice(output.indexOf('best settings:')).split('\n').slice(1);
  const settings = lines.map((line) => /^ {2}([A-Z_]+_POLICY)=(\S+)$/.exec(line)).filter((match) => match !== null);
  if (settings.length === 0) fail("the search has chosen the plan's own settings, so that there is nothing to compare");
  return Object.fromEntries(settings.map(([, variable, value]) => [variable, value]));
}

function withSettings(plan: RealPlan, settings: Record<string, string>): RealPlan {
  const services = plan.services.map((service) => {
    return service.name === plan.load.service ? { ...service, environment: { ...service.environment, ...settings } } : service;
  });
  return { ...plan, services };
}

/** The ratio of calls that succeed within the deadline. */
function goodput({ phases }: ObservedRun): number {
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return sum(phases.map(({ good }) => good)) / sum(phases.map(({ calls }) => calls));
}

interface Sample {
  median: number;
  lowest: number;
  highest: number;
}

function summarize(values: number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const last = sorted.length - 1;
  return { median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2, lowest: at(0), highest: at(last) };
}

/** `worse` and `better` if the medians differ by more than the larger spread of the runs. */
function compare(defaults: Sample, chosen: Sample): string {
  const spread = Math.max(defaults.highest - defaults.lowest, chosen.highest - chosen.lowest);
  const difference = chosen.median - defaults.median;
  if (Math.abs(difference) > spread) return difference > 0 ? 'better' : 'worse';
  return difference > 0 ? 'better, within the spread' : 'not better, within the spread';
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
const format = ({ median, lowest, highest }: Sample): string => `${percent(median)} (${percent(lowest)} to ${percent(highest)})`;

const repeat = parseRepeat(process.argv.slice(2));
terminateChildrenOnExit();
const plan = await readRealPlan(join(root, checkPlan));
const settings = await tune();
const directory = mkdtempSync(join(tmpdir(), 'cohort-tuning-'));
const runners = [plan, withSettings(plan, settings)].map((each) => new RealRunner(each, join(root, checkPlan), directory));

const verdicts: string[] = [];
let invalidRuns = 0;
console.log(`| Faults | defaults | chosen | chosen is |\n|---|---|---|---|`);
for (const scenario of plan.scenarios) {
  const values: number[][] = [[], []];
  for (let round = 0; round < repeat; ++round) {
    // Both settings get the same arrivals, and each is first in every second round.
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const run = await runners[index]?.run(scenario, plan.load.rate);
      if (run === undefined) continue;
      values[index]?.push(goodput(run));
      if (run.invalid_reason !== '') ++invalidRuns;
    }
  }
  const [defaults, chosen] = values.map(summarize);
  if (defaults === undefined || chosen === undefined) continue;
  verdicts.push(compare(defaults, chosen));
  console.log(`| ${scenario.name} | ${format(defaults)} | ${format(chosen)} | ${verdicts.at(-1) ?? ''} |`);
}
const better = verdicts.filter((verdict) => verdict.startsWith('better')).length;
const worse = verdicts.filter((verdict) => verdict === 'worse').length;
console.log(`\n${Object.entries(settings).map(([variable, value]) => `${variable}=${value}`).join(' ')}`);
console.log(`better in ${better} of ${verdicts.length} fault scripts, worse by more than the spread in ${worse}; ${repeat} runs each`);
console.log(`${describeMachine()}; loadgen's verdict was INVALID in ${invalidRuns} of ${2 * repeat * verdicts.length} runs`);
process.exitCode = better >= requiredRatio * verdicts.length && worse === 0 ? 0 : 1;
