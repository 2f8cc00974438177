// SPDX-License-Identifier: BSL-1.0
// Executes a plan with the real programs, simulates it, and compares the results. Arguments: the plan file; --html
// FILE; --repeat N, the number of calibrations and of runs of each scenario and rate; --only NAME for one scenario, or
// --only rates.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { runProcess, terminateChildrenOnExit } from '../support/processes.ts';
import type { ObservedRun, RealScenario } from './observed_run.ts';
import { describeMachine, readRealPlan, rehearseProgram } from './real_plan.ts';
import { RealRunner } from './real_runner.ts';

/** The calls per second of a run in which the cores are idle most of the time before each call. */
const singleCallRate = 100;
/** The value of --only for the rates without a scenario. */
const onlyRates = 'rates';

interface Options {
  plan: string;
  html: string;
  repeat: number;
  only: string;
}

function fail(message: string): never {
  console.error(`rehearse: ${message}`);
  process.exit(2);
}

function parseOptions(words: string[]): Options {
  const result: Options = { plan: '', html: 'build/rehearsal.html', repeat: 1, only: '' };
  for (let i = 0; i < words.length; ++i) {
    const word = words[i] ?? '';
    const value = (): string => words[++i] ?? fail(`${word} needs a value`);
    if (word === '--html') result.html = value();
    else if (word === '--only') result.only = value();
    else if (word === '--repeat') result.repeat = Number(value());
    else if (word.startsWith('-') || result.plan !== '') fail(`unknown argument "${word}"; accepted: PLAN, --html FILE, --repeat N, --only NAME`);
    else result.plan = word;
  }
  if (result.plan === '') fail('a plan file is required, such as simulation/rehearsals/stack.json');
  if (!Number.isInteger(result.repeat) || result.repeat < 1 || result.repeat > 20) fail(`--repeat is ${result.repeat}, but must be an integer from 1 to 20`);
  return result;
}

const options = parseOptions(process.argv.slice(2));
terminateChildrenOnExit();
const planFile = resolve(options.plan);
const plan = await readRealPlan(planFile);
const scenarios = plan.scenarios.filter(({ name }) => options.only === '' || name === options.only);
const hasRates = options.only === '' || options.only === onlyRates;
if (scenarios.length === 0 && !hasRates) fail(`--only is "${options.only}", but must be one of: ${onlyRates}, ${plan.scenarios.map(({ name }) => name).join(', ')}`);
const directory = mkdtempSync(join(tmpdir(), 'cohort-rehearsal-'));
const real = new RealRunner(plan, planFile, directory);
const steadyLoad = (name: string): RealScenario => ({ name, phases: [{ name: 'all', start_s: 0, length_s: plan.calibration_s }], faults: [] });

const measured = { machine: describeMachine(), calibrations: [] as ObservedRun[], single_calls: [] as ObservedRun[], rates: [] as ObservedRun[], scenarios: [] as ObservedRun[] };
for (let round = 0; round < options.repeat; ++round) {
  measured.calibrations.push(await real.run(steadyLoad('calibration'), plan.calibration_rate));
  measured.single_calls.push(await real.run(steadyLoad('single calls'), singleCallRate));
  for (const { name, rate } of hasRates ? plan.rates : []) measured.rates.push(await real.run(steadyLoad(name), rate));
  for (const scenario of scenarios) measured.scenarios.push(await real.run(scenario, plan.load.rate));
}
const measurementFile = join(directory, 'real.json');
writeFileSync(measurementFile, JSON.stringify(measured));
console.error(`rehearse: measurements in ${measurementFile}; simulating`);
const { status, output } = await runProcess(rehearseProgram, ['--plan', planFile, '--real', measurementFile, '--html', resolve(options.html)]);
process.stdout.write(output);
console.log(`report with charts: ${options.html}`);
process.exitCode = status;
