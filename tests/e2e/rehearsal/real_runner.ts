// SPDX-License-Identifier: BSL-1.0
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { elapsed, eventually, expect, pause } from '../support/assertions.ts';
import type { BackgroundProcess } from '../support/processes.ts';
import { FakeWeatherProvider, findFreePorts, root, startProcess } from '../support/processes.ts';
import type { BreakerChange, LoadgenReport, ObservedRun, RealFault, RealPlan, RealScenario, RealService } from './observed_run.ts';
import { findInvalidReason, observePhase, readBreakers, readHistogram } from './observed_run.ts';

const programs = join(root, 'build/release/bin');
/** The port in the URLs of a plan, which the simulated services listen on. */
const plannedPort = 8080;
const breakerMilliseconds = 100;
/** The exit status of loadgen if it could not produce the planned load. */
const invalidRun = 120;
/** A value below the usual limit of file descriptors. */
const maxConnections = 10_000;
/** Machines of the plan get the first cores, one each; loadgen runs on the last one. */
const loadCore = String(cpus().length - 1);

/** The maximum CPU time that other programs may use on a core of the services, as a fraction of elapsed time. */
const maxInterferenceRatio = 0.1;
/** The unit of /proc/stat: USER_HZ, which is 100 on all architectures that this program supports. */
const ticksPerSecond = 100;

/** The CPU time of all threads of a process in seconds. */
function cpuSeconds(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((task) => {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  });
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
}

/** The busy time of each core in seconds, including time that the hypervisor took (steal), without interrupts. */
function busySeconds(): Map<string, number> {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) (.*)$/gm);
  return new Map([...lines].map(([, core = '', text = '']) => {
    const [user = 0, nice = 0, system = 0, , , , , steal = 0] = text.split(' ').map(Number);
    return [core, (user + nice + system + steal) / ticksPerSecond];
  }));
}

/** The CPU time of a process and of its core, until now. */
interface ProcessTimes {
  pid: number;
  core: string;
  cpu_s: number;
}

interface MachineTimes {
  at_s: number;
  busy_s: Map<string, number>;
  /** The CPU time of this program, which can use any core. */
  own_s: number;
  services: Map<string, ProcessTimes>;
}

/** The CPU time of each service in a run. The process of a service that was killed in the run started in the run. */
function cpuTimes(before: MachineTimes, after: MachineTimes): Record<string, number> {
  return Object.fromEntries([...after.services].map(([name, { pid, cpu_s }]) => {
    const start = before.services.get(name);
    return [name, start?.pid === pid ? cpu_s - start.cpu_s : cpu_s];
  }));
}

/** The reason why a run is invalid, if other programs used the cores of the services; otherwise empty. */
function findInterference(before: MachineTimes, after: MachineTimes): string {
  const used = cpuTimes(before, after);
  for (const [core, busy] of after.busy_s) {
    const services = [...after.services].filter(([, times]) => times.core === core);
    if (services.length === 0) continue;
    const ownSeconds = services.reduce((sum, [name]) => sum + (used[name] ?? 0), after.own_s - before.own_s);
    const ratio = (busy - (before.busy_s.get(core) ?? 0) - ownSeconds) / (after.at_s - before.at_s);
    if (ratio > maxInterferenceRatio) return `other programs used ${(100 * ratio).toFixed(0)} % of core ${core}, on which services run; at most ${100 * maxInterferenceRatio} % is allowed`;
  }
  return '';
}

/** One run of the real programs, with new processes. */
class RealFleet {
  private readonly processes = new Map<string, BackgroundProcess>();
  private readonly ports = new Map<string, number>();
  private readonly provider = new FakeWeatherProvider();
  private providerPort = 0;

  constructor(
    private readonly plan: RealPlan,
    private readonly planFile: string,
    private readonly directory: string,
  ) {}

  async start(): Promise<void> {
    const ports = await findFreePorts(this.plan.services.length);
    this.plan.services.forEach(({ name }, i) => this.ports.set(name, ports[i] ?? 0));
    this.providerPort = await this.provider.listen();
    for (const service of this.plan.services) await this.startService(service);
  }

  private assignedCore({ machine }: RealService): string {
    return String([...new Set(this.plan.services.map((service) => service.machine))].indexOf(machine));
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.ports.get(name) ?? 0}`;
  }

  async startService(service: RealService): Promise<void> {
    const environment: Record<string, string> = {
      API_KEY: '', LOG_LEVEL: 'error', ENABLE_FAULTS: service.program === '' ? 'false' : 'true', WEATHER_FALLBACK_URL: 'none',
      WEATHER_UPSTREAM_URL: `http://127.0.0.1:${this.providerPort}`,
    };
    for (const { to, url_variable } of service.calls) environment[url_variable] = this.url(to);
    for (const [variable, value] of Object.entries(service.environment)) {
      environment[variable] = value.replaceAll(/http:\/\/([a-z0-9-]+):(\d+)/g, (text, host: string, port: string) => {
        return Number(port) === plannedPort && this.ports.has(host) ? this.url(host) : text;
      });
    }
    const program = service.program === '' ? [join(programs, 'cohort-model-service'), this.planFile, service.name] : [join(programs, service.program)];
    const flags = ['--port', String(this.ports.get(service.name)), '--threads', String(service.threads)];
    const log = join(this.directory, `${service.name}.log`);
    this.processes.set(service.name, startProcess(service.name, 'taskset', ['-c', this.assignedCore(service), ...program, ...flags], log, environment));
    await eventually(`${service.name} is ready`, 30, async () => (await fetch(`${this.url(service.name)}/readyz`)).status === 200);
  }

  async setFault(service: RealService, fault: RealFault | undefined): Promise<void> {
    const { slowdown = 1, latency_ms = 0, error_percent = 0, hang_percent = 0 } = fault ?? {};
    const common = { latency_ms, error_percent, hang_percent };
    const isModeled = service.program === '';
    const url = this.url(service.name) + (isModeled ? '/faults' : '/api/faults');
    const response = await fetch(url, { method: 'PUT', body: JSON.stringify(isModeled ? { slowdown, ...common } : { ...common, seconds: 3600 }) });
    expect(response.status === 200, `${service.name} accepts its faults: ${await response.text()}`);
  }

  async kill(name: string): Promise<void> {
    await this.processes.get(name)?.kill();
  }

  times(): MachineTimes {
    const services = new Map<string, ProcessTimes>();
    for (const service of this.plan.services) {
      const pid = this.processes.get(service.name)?.pid;
      if (pid !== undefined) services.set(service.name, { pid, core: this.assignedCore(service), cpu_s: cpuSeconds(pid) });
    }
    const { user, system } = process.cpuUsage();
    return { at_s: elapsed() / 1000, busy_s: busySeconds(), own_s: (user + system) / 1e6, services };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.kill()));
    this.provider.close();
  }
}

/**
 * Runs the scenarios of a plan with real processes. A run is invalid if the 99th percentile of the load generator's
 * dispatch lag is above `allowedLagSeconds`.
 */
export class RealRunner {
  private runs = 0;

  constructor(
    private readonly plan: RealPlan,
    private readonly planFile: string,
    private readonly directory: string,
    private readonly allowedLagSeconds = 0.001,
  ) {}

  /** `seed` determines the times of the calls; without a seed, each run has different times. */
  async run(scenario: RealScenario, rate: number, seed?: number): Promise<ObservedRun> {
    const fleet = new RealFleet(this.plan, this.planFile, this.directory);
    await fleet.start();
    try {
      return await this.runOnFleet(fleet, scenario, rate, seed ?? this.runs + 1);
    } finally {
      await fleet.stop();
    }
  }

  private loadFlags(fleet: RealFleet, scenario: RealScenario, rate: number, seed: number, file: string): string[] {
    const { load } = this.plan;
    // Twice the maximum number of attempts in flight. The maximum is reached if each attempt is abandoned after the
    // patience.
    const connections = Math.min(Math.ceil(2 * rate * load.patience_s * (load.retries + 1)) + 100, maxConnections);
    const stages = scenario.phases.flatMap(({ length_s }) => ['--stage', `${length_s * 1000}ms:${rate}:step`]);
    return [
      ...stages, '--arrivals', 'poisson', '--seed', String(seed), '-q', '--no-preflight', '--json', file,
      '-c', String(connections), '--timeout', `${Math.ceil(load.timeout_s * 1000)}ms`, '--patience', `${load.patience_s * 1000}ms`,
      ...(load.retries > 0 ? ['--retries', String(load.retries)] : []),
      ...(load.backoff_s > 0 ? ['--retry-backoff', `${load.backoff_s * 1000}ms`] : []),
      ...(load.deadline_s == null ? [] : ['--deadline', `${load.deadline_s * 1000}ms`]),
      ...(load.complete_result_text === '' ? [] : ['--expect-body', load.complete_result_text]),
      '--target', `calls=${fleet.url(load.service)}${load.path}`,
    ];
  }

  private async runOnFleet(fleet: RealFleet, scenario: RealScenario, rate: number, seed: number): Promise<ObservedRun> {
    const length = scenario.phases.reduce((sum, { length_s }) => sum + length_s, 0);
    const file = join(this.directory, `run-${++this.runs}.json`);
    console.error(`rehearse: ${scenario.name}, ${rate}/s for ${length} s`);
    const before = fleet.times();
    const flags = ['-c', loadCore, join(programs, 'loadgen'), ...this.loadFlags(fleet, scenario, rate, seed, file)];
    const load = startProcess('loadgen', 'taskset', flags, join(this.directory, 'loadgen.log'), { API_KEY: '' });
    const start = elapsed();
    const breakers: BreakerChange[] = [];
    await Promise.all([
      ...scenario.faults.map((fault) => this.inject(fleet, fault, start)),
      this.watchBreakers(fleet, start, length, scenario.faults.length > 0, breakers),
    ]);
    const status = await load.exitStatus;
    expect(status === 0 || status === invalidRun, `loadgen exits with status 0 or ${invalidRun}, not ${status}: ${load.output}`);
    const after = fleet.times();
    const report = JSON.parse(readFileSync(file, 'utf8')) as LoadgenReport;
    const seconds = report.intervals.filter(({ start_s }) => start_s < length);
    return {
      name: scenario.name,
      rate,
      seconds: seconds.map(({ totals: { ended, on_time, p99_us } }) => ({ ended, good: on_time, p99_us })),
      phases: scenario.phases.map((phase, i) => {
        const totals = report.phases[i]?.totals;
        if (totals === undefined) throw new Error(`loadgen's report has no phase ${i + 1}`);
        return observePhase(phase, totals);
      }),
      breakers,
      cpu_s: cpuTimes(before, after),
      dispatch_lag: readHistogram(report.totals.dispatch_lag.hdr_v2_base64).map(({ value, count }) => ({ lag_us: value, calls: count })),
      response_after_idle: report.totals.response_after_idle.map(({ idle_us, count, p50_us }) => ({ idle_us, calls: count, p50_us })),
      invalid_reason: findInvalidReason(report, this.allowedLagSeconds) || findInterference(before, after),
    };
  }

  private async inject(fleet: RealFleet, fault: RealFault, start: number): Promise<void> {
    const service = this.plan.services.find(({ name }) => name === fault.service);
    if (service === undefined) throw new Error(`there is no service ${fault.service}`);
    const until = (seconds: number): Promise<void> => pause(Math.max(0, start + seconds * 1000 - elapsed()));
    await until(fault.at_s);
    await (fault.is_killed ? fleet.kill(service.name) : fleet.setFault(service, fault));
    await until(fault.at_s + fault.lasts_s);
    await (fault.is_killed ? fleet.startService(service) : fleet.setFault(service, undefined));
  }

  private async watchBreakers(fleet: RealFleet, start: number, length: number, hasFaults: boolean, changes: BreakerChange[]): Promise<void> {
    // Reading the metrics takes CPU time, which is measured in a run without faults.
    const callers = this.plan.services.filter(({ calls }) => calls.length > 0);
    if (!hasFaults) return;
    const last = new Map<string, string>();
    for (let at = breakerMilliseconds; at < length * 1000; at += breakerMilliseconds) {
      await pause(Math.max(0, start + at - elapsed()));
      for (const { name } of callers) {
        // If a service times out, its metrics are reread later.
        const text = await fetch(`${fleet.url(name)}/metrics`, { signal: AbortSignal.timeout(2_000) }).then((response) => response.text()).catch(() => '');
        for (const [upstream, state] of readBreakers(text)) {
          const key = `${name} ${upstream}`;
          if ((last.get(key) ?? 'closed') !== state) changes.push({ service: name, upstream, state, at_s: (elapsed() - start) / 1000 });
          last.set(key, state);
        }
      }
    }
  }
}
