// SPDX-License-Identifier: BSL-1.0
// Injects each fault into each link between the real programs, under a low load. Expects responses with a known state
// within their deadlines, recovery, and no leaked resources.
import type { Poll } from './support/aggregate_poller.ts';
import { AggregatePoller, isFresh } from './support/aggregate_poller.ts';
import { elapsed, eventually, expect, pause, reportSuccess } from './support/assertions.ts';
import type { LinkName, Resources } from './support/fault_gate_stack.ts';
import { FaultGateStack, linkNames, readMetricSum } from './support/fault_gate_stack.ts';
import { terminateChildrenOnExit } from './support/processes.ts';
import { serviceNames } from './support/stack.ts';

const faults = [
  'latency 300ms', 'bandwidth 2000', 'slice 8', 'reset', 'reset 100', 'half-open', 'black-hole', 'black-hole 200', 'garbage',
  'cut-header', 'cut-body',
];
/** The part of the aggregate behind each link. */
const parts: Partial<Record<LinkName, string>> = {
  time: 'time_service', sysinfo: 'sysinfo_service', weather: 'weather_service', provider: 'weather_service',
};
const knownStates = new Set(['fresh', 'stale', 'timeout', 'error', 'shed', 'open']);

const faultSeconds = 3;
/**
 * The weather service backs off from a failing provider, and serves the last report during the backoff. A call without
 * a response times out after 5 s; then the backoff starts.
 */
const recoverySeconds = (link: LinkName): number => (link === 'provider' ? 20 : 5);
/** The longest timeout of a part (weather, 5 s), and a margin for a busy machine. */
const maxResponseMilliseconds = 5_500;
const pollIntervalMilliseconds = 100;
/** The tolerance for the connections of the checks, each with a descriptor and a task. */
const tolerance = 2;
const memoryToleranceMiB = 8;

function checkPolls(link: LinkName, fault: string, polls: Poll[]): void {
  const part = parts[link];
  for (const { start, end, status, states } of polls) {
    const details = `${link}, ${fault}: status ${status} after ${(end - start).toFixed(0)} ms, ${JSON.stringify(states)}`;
    if (part === undefined) continue; // A fault of the client's own link: only the poller's timeout bounds the response.
    expect(status === 200, `status 200; ${details}`);
    expect(end - start <= maxResponseMilliseconds, `a response within the deadline; ${details}`);
    for (const [name, state] of Object.entries(states)) {
      expect(knownStates.has(state), `a known state; ${details}`);
      // The weather service serves an expired report while it fetches a new one.
      const isExpectedState = state === 'fresh' || (name === 'weather_service' && state === 'stale');
      expect(name === part || isExpectedState, `the other parts are fresh; ${details}`);
    }
  }
}

/** Injects one fault, stops the poller and returns one line of the table. */
async function injectFault(faultGateStack: FaultGateStack, poller: AggregatePoller, link: LinkName, fault: string): Promise<string[]> {
  const initialInjectedCount = await faultGateStack.injectedCount(link);
  const start = elapsed();
  await faultGateStack.setFault(link, fault);
  await pause(faultSeconds * 1000);
  await faultGateStack.setFault(link, 'none');
  const end = elapsed();
  const recoveredPoll = await eventually(`${link} recovers from ${fault}`, 30, () =>
    Promise.resolve(poller.polls.find((poll) => poll.start >= end && isFresh(poll))),
  );
  const recoveryDuration = (recoveredPoll.end - end) / 1000;
  const limit = recoverySeconds(link);
  expect(recoveryDuration <= limit, `${link} recovers from ${fault} within ${limit} s, not ${recoveryDuration.toFixed(1)} s`);
  expect((await faultGateStack.injectedCount(link)) > initialInjectedCount, `the fault ${fault} of ${link} affects a connection`);
  await poller.stop();
  const pollsDuringFault = poller.polls.filter((poll) => poll.start >= start && poll.start < end);
  checkPolls(link, fault, pollsDuringFault);
  const part = parts[link];
  const counts = new Map<string, number>();
  for (const poll of pollsDuringFault) {
    const state = part === undefined ? (poll.status === 0 ? 'no response' : String(poll.status)) : poll.states[part] ?? 'none';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const states = [...counts].map(([state, count]) => `${state} ${count}`).join(', ');
  return [link.padEnd(10), fault.padEnd(15), `${recoveryDuration.toFixed(2)} s`.padStart(9), `  ${states}`];
}

async function checkForLeaks(faultGateStack: FaultGateStack, before: Record<string, Resources>, tasksBefore: Record<string, number>): Promise<void> {
  // The client closes idle connections after 50 s.
  await eventually('no connection, task or descriptor is left', 60, async () => {
    const now = faultGateStack.resources();
    for (const name of serviceNames) {
      const url = faultGateStack.stack.services[name];
      const inFlight = await readMetricSum(url, 'cohort_client_in_flight');
      const tasks = await readMetricSum(url, 'cohort_loop_tasks');
      const left =
        `${name}: ${now[name].descriptors} descriptors (${before[name]?.descriptors} before), ${inFlight} calls in ` +
        `flight, ${tasks} tasks (${tasksBefore[name]} before)`;
      expect(now[name].descriptors <= (before[name]?.descriptors ?? 0) + tolerance, left);
      expect(inFlight === 0 && tasks <= (tasksBefore[name] ?? 0) + tolerance, left);
    }
    return true;
  });
  const now = faultGateStack.resources();
  for (const name of serviceNames) {
    const rss = before[name]?.rss ?? 0;
    expect(now[name].rss <= rss + memoryToleranceMiB, `memory of ${name} is at its initial level: ${rss.toFixed(1)} to ${now[name].rss.toFixed(1)} MiB`);
    reportSuccess(
      `${name}: ${before[name]?.descriptors} descriptors before, ${now[name].descriptors} after; ` +
        `${rss.toFixed(1)} MiB before, ${now[name].rss.toFixed(1)} MiB after`,
    );
  }
}

const selected = process.argv.slice(2);
const unknown = selected.filter((name) => !linkNames.some((link) => link === name));
expect(unknown.length === 0, `unknown links: ${unknown.join(', ')}; accepted: ${linkNames.join(', ')}`);
terminateChildrenOnExit();
// Reports are fresh for a second, so that the provider's link is used.
const faultGateStack = await FaultGateStack.start({ WEATHER_CACHE_SECONDS: '1' });
try {
  const before = faultGateStack.resources();
  const tasksBefore: Record<string, number> = {};
  for (const name of serviceNames) tasksBefore[name] = await readMetricSum(faultGateStack.stack.services[name], 'cohort_loop_tasks');
  console.log(`link       fault            recovery  states of the part during the fault (${faultSeconds} s)`);
  for (const link of linkNames.filter((name) => selected.length === 0 || selected.includes(name))) {
    for (const fault of faults) {
      const poller = new AggregatePoller(faultGateStack.links.dashboard, pollIntervalMilliseconds, 8_000);
      await eventually('the aggregate is fresh', 30, () => Promise.resolve(poller.polls.some(isFresh)));
      const line = await injectFault(faultGateStack, poller, link, fault);
      console.log(line.join(' '));
    }
  }
  await checkForLeaks(faultGateStack, before, tasksBefore);
} finally {
  console.log(`logs in ${faultGateStack.directory}`);
  await faultGateStack.stop();
}
