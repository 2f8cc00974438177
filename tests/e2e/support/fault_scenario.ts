// SPDX-License-Identifier: BSL-1.0
import { elapsed, expect, pause } from './assertions.ts';
import type { LoadReport } from './load_report.ts';
import { printLoadReport } from './load_report.ts';

/** Faults under open-loop load on the stack of an orchestrator. */
export interface FaultScenario {
  /** The affected service: an aggregate without its fresh part counts as failed. */
  service: string;
  inject: (log: (text: string) => void) => Promise<void>;
}

/** A load that runs until it is stopped. */
export interface RunningLoad {
  /** Waits until the orchestrator neither starts nor stops a replica. */
  waitUntilSettled: () => Promise<void>;
  /** Ends the load by SIGTERM and returns its report. */
  stop: () => Promise<LoadReport>;
}

/** Returns the scenarios with these names, or all if there are no names. Throws if a name is unknown. */
export function selectScenarios<T extends FaultScenario>(all: Record<string, T>, names: string[]): [string, T][] {
  const known = Object.keys(all);
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`unknown scenario '${name}'; accepted: ${known.join(', ')}`);
  }
  return Object.entries(all).filter(([name]) => names.length === 0 || names.includes(name));
}

/**
 * Injects the faults under a load that has started, prints the events and the counts, and returns the number of failed
 * requests. The load runs until the last stopped replica has exited.
 */
export async function injectUnderLoad(name: string, { inject }: FaultScenario, load: RunningLoad): Promise<number> {
  const start = elapsed();
  await pause(2000); // load without faults
  await inject((text) => { console.log(`${((elapsed() - start) / 1000).toFixed(1).padStart(7)} s  ${text}`); });
  await load.waitUntilSettled();
  await pause(2000);
  const report = await load.stop();
  expect(report.verdict.word === 'interrupted', `the verdict of the stopped load is interrupted, not ${report.verdict.word}`);
  return printLoadReport(name, report);
}
