// SPDX-License-Identifier: BSL-1.0
// Tunes the policies of the stack by simulation (simulation/rehearsals/tuning.json). Measures the chosen and the
// default settings with the real programs, in random fault scripts that the search has not used. Prints a table.
// Arguments: --repeat N (runs of each script and setting, default 3), --seed N (of the scripts, default 2).
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, runProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { ObservedRun, RealPlan, RealScenario } from './observed_run.ts';
import { describeMachine, readRealPlan } from './real_plan.ts';
import { RealRunner } from './real_runner.ts';

const tuningPlan = join(root, 'simulation/rehearsals/tuning.json');
/** The number of scripts that are measured. */
const measuredScriptCount = 10;
/** The fraction of the scripts in which the choice must be better than the defaults. */
const requiredRatio = 0.9;
/** The number of scripts that are drawn and simulated; the first ones in which policies matter are measured. */
const drawnScriptCount = 60;
/**
 * Policies matter in a script if the defaults lose at least this fraction of the calls in the simulation. Five runs
 * differ by about one percent, so smaller improvements cannot be measured.
 */
const minRelevantLoss = 0.02;
/** The fraction of runs that may be repeated because the machine was busy. */
const maxRepetitionRatio = 0.1;
const maxLagRatio = 0.01;

interface Options {
  repeat: number;
  seed: number;
}

/** The part of the report of cohort-tune that this command reads. */
interface TuningReport {
  settings: Record<string, Record<string, string>>;
  held_out: { scenario: string; own: number; chosen: number }[];
}

function fail(message: string): never {
  console.error(`tune check: ${message}`);
  process.exit(2);
}

function parseOptions(words: string[]): Options {
  const options: Options = { repeat: 3, seed: 2 };
  const limits: Record<string, { name: keyof Options; max: number }> = {
    '--repeat': { name: 'repeat', max: 20 }, '--seed': { name: 'seed', max: 1e9 },
  };
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i] ?? '';
    const limit = limits[word] ?? fail(`unknown argument "${word}"; accepted: --repeat N, --seed N`);
    const value = Number(words[i + 1] ?? '');
    if (!Number.isInteger(value) || value < 1 || value > limit.max) fail(`${word} is "${words[i + 1] ?? ''}", but must be an integer from 1 to ${limit.max}`);
    options[limit.name] = value;
  }
  return options;
}

/** Searches the policies, and simulates the choice and the defaults in the drawn scripts. */
async function tune(seed: number, directory: string): Promise<TuningReport> {
  const file = join(directory, 'tuning.json');
  const { status, output } = await runProcess(join(root, 'build/release/bin/cohort-tune'), [
    '--plan', tuningPlan, '--candidates', '48', '--first-seeds', '1', '--seconds', '3600',
    '--held-out', String(drawnScriptCount), '--held-out-seed', String(seed), '--json', file,
  ]);
  process.stdout.write(`${output}\n`);
  if (status !== 0) process.exit(status);
  const report = JSON.parse(readFileSync(file, 'utf8')) as TuningReport;
  if (Object.keys(report.settings).length === 0) fail("the search has chosen the plan's own settings, so that no comparison is possible");
  return report;
}

/** A plan file with the drawn scripts as its scenarios. */
function writeScripts(seed: number, directory: string): string {
  const plan = JSON.parse(readFileSync(tuningPlan, 'utf8')) as { random_scenarios: object };
  const file = join(directory, 'scripts.json');
  writeFileSync(file, JSON.stringify({ ...plan, scenarios: [], random_scenarios: { ...plan.random_scenarios, count: drawnScriptCount, seed } }));
  return file;
}

function applySettings(plan: RealPlan, settings: TuningReport['settings']): RealPlan {
  const services = plan.services.map((service) => ({ ...service, environment: { ...service.environment, ...settings[service.name] } }));
  return { ...plan, services };
}

/** The fraction of calls that succeed within the deadline. */
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

/** The verdict as in cohort-tune: `worse` and `better` if the medians differ by more than the larger range of the runs. */
function compare(defaults: Sample, chosen: Sample): string {
  const range = Math.max(defaults.highest - defaults.lowest, chosen.highest - chosen.lowest);
  const difference = chosen.median - defaults.median;
  if (difference === 0) return 'equal';
  const word = difference > 0 ? 'better' : 'worse';
  return Math.abs(difference) > range ? word : `${word}, within noise`;
}

/** Runs scripts with both settings, and repeats runs that are invalid because the machine was busy. */
class Measurement {
  invalidRuns = 0;
  unrepeatedInvalidRuns = 0;

  constructor(
    private readonly runners: RealRunner[],
    private readonly rate: number,
    private remainingRepetitions: number,
  ) {}

  async measure(scenario: RealScenario, repeat: number, firstSeed: number): Promise<Sample[]> {
    const values: number[][] = this.runners.map(() => []);
    for (let round = 0; round < repeat; ++round) {
      // Both settings receive the same arrivals. Their order alternates between rounds.
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const runner = this.runners[index];
        if (runner !== undefined) values[index]?.push(goodput(await this.run(runner, scenario, firstSeed + round)));
      }
    }
    return values.map(summarize);
  }

  private async run(runner: RealRunner, scenario: RealScenario, seed: number): Promise<ObservedRun> {
    for (;;) {
      const result = await runner.run(scenario, this.rate, seed);
      if (result.invalid_reason === '') return result;
      ++this.invalidRuns;
      const isRepeated = this.remainingRepetitions-- > 0;
      console.error(`tune check: invalid run${isRepeated ? ', repeated' : ''}: ${result.invalid_reason}`);
      if (isRepeated) continue;
      ++this.unrepeatedInvalidRuns;
      return result;
    }
  }
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
const format = ({ median, lowest, highest }: Sample): string => `${percent(median)} (${percent(lowest)} to ${percent(highest)})`;

const { repeat, seed } = parseOptions(process.argv.slice(2));
terminateChildrenOnExit();
const directory = mkdtempSync(join(tmpdir(), 'cohort-tuning-'));
const { settings, held_out } = await tune(seed, directory);
const file = writeScripts(seed, directory);
const plan = await readRealPlan(file);
const relevant = held_out.filter(({ own }) => 1 - own >= minRelevantLoss);
const measured = relevant.slice(0, measuredScriptCount);
if (measured.length === 0) fail(`the defaults lose less than ${percent(minRelevantLoss)} in each of the ${drawnScriptCount} scripts of the seed ${seed}`);
// A dispatch lag up to this fraction of the deadline does not determine whether a call succeeds.
const allowedLagSeconds = (plan.load.deadline_s ?? plan.load.patience_s) * maxLagRatio;
const runners = [plan, applySettings(plan, settings)].map((each) => new RealRunner(each, file, directory, allowedLagSeconds));
const runs = 2 * repeat * measured.length;
const measurement = new Measurement(runners, plan.load.rate, Math.ceil(runs * maxRepetitionRatio));

console.log(`In ${relevant.length} of ${drawnScriptCount} random fault scripts (seed ${seed}), the defaults lose at least ${percent(minRelevantLoss)} of the calls in the simulation. The first ${measured.length} of these, measured:\n`);
console.log(`| Faults | simulated: defaults → best settings | defaults | best settings | best settings are |\n|---|---|---|---|---|`);
const verdicts: string[] = [];
for (const [index, { scenario: name, own, chosen: predictedGoodput }] of measured.entries()) {
  const scenario = plan.scenarios.find((each) => each.name === name) ?? fail(`there is no script "${name}"`);
  const initialInvalidCount = measurement.unrepeatedInvalidRuns;
  const [defaults, chosenSamples] = await measurement.measure(scenario, repeat, 1 + index * repeat);
  if (defaults === undefined || chosenSamples === undefined) continue;
  const verdict = compare(defaults, chosenSamples);
  verdicts.push(verdict);
  const mark = measurement.unrepeatedInvalidRuns > initialInvalidCount ? '~' : '';
  console.log(`| ${name} | ${percent(own)} → ${percent(predictedGoodput)} | ${mark}${format(defaults)} | ${mark}${format(chosenSamples)} | ${mark}${verdict} |`);
}
const better = verdicts.filter((verdict) => verdict.startsWith('better')).length;
const worse = verdicts.filter((verdict) => verdict === 'worse').length;
const lines = Object.values(settings).flatMap((variables) => Object.entries(variables).map(([variable, value]) => `${variable}=${value}`));
console.log(`\n${lines.join(' ')}`);
console.log(`better in ${better} of ${verdicts.length} fault scripts, worse by more than the range in ${worse}; ${repeat} runs each`);
console.log(`${describeMachine()}; ${measurement.invalidRuns} invalid runs, ${measurement.invalidRuns - measurement.unrepeatedInvalidRuns} of them repeated; ~: with an invalid run`);
process.exitCode = better >= requiredRatio * verdicts.length && worse === 0 && measurement.unrepeatedInvalidRuns === 0 ? 0 : 1;
