// SPDX-License-Identifier: BSL-1.0
import { describe as suite, expect, test } from 'vitest';
import { parseExperimentEvent, withExperiment, type Experiment } from '../../src/request/experiment.ts';
import { describeConclusion, toExperimentView } from '../../src/request/experiment-view.ts';
import { doneExperiment, idleExperiment, limitedRequest, runningExperiment, timedOutExperiment } from '../samples/experiments.ts';

function parsed(body: object, now = 10_000): Experiment {
  const experiment = parseExperimentEvent(JSON.stringify(body), now);
  if (experiment === null) throw new Error('malformed');
  return experiment;
}

suite('experiment event', () => {
  test('an experiment has settings, the start on the clock of the page, and two measurements', () => {
    const experiment = parsed(runningExperiment);
    expect(experiment.settings).toEqual({ latencyMs: 3000, errorPercent: 0, deadlineMs: 2000 });
    expect(experiment.startedAt).toBe(9_500);
    expect(experiment.measurements.map(({ deadline, request }) => [deadline, request])).toEqual([[2000, null], [30000, null]]);
    expect(experiment.measurements[0]?.arrivals.get('time_service')).toEqual({ state: 'fresh', elapsed: 0.4 });
  });

  test.each(['', '[]', '{}', '{"state":"odd"}'])('a malformed experiment event is rejected: %s', (data) => {
    expect(parseExperimentEvent(data, 0)).toBeNull();
  });

  test.each([{ measurements: 7 }, { measurements: [{ name: 'with_deadline' }] }, { measurements: [null, 1] }, { settings: [] }])(
    'an experiment with the invalid member %j has no measurements',
    (change) => {
      const experiment = parsed({ ...idleExperiment, ...change });
      expect(experiment.measurements).toEqual([]);
      expect(toExperimentView(experiment, 0).measurements).toEqual([]);
    },
  );

  test('an experiment event does not move the start of bars that grow', () => {
    const first = withExperiment(null, parsed(runningExperiment, 10_000), 10_000);
    const late = withExperiment(first, parsed({ ...timedOutExperiment, age_ms: 1900 }, 12_000), 12_000);
    expect(late.value.startedAt).toBe(9_500);
    const next = withExperiment(late, parsed({ ...runningExperiment, number: 2 }, 20_000), 20_000);
    expect(next.value.startedAt).toBe(19_500);
  });
});

suite('view of an experiment', () => {
  test('a measurement is done only after its record has arrived', () => {
    const [limited, unlimited] = timedOutExperiment.measurements;
    const answered = { ...timedOutExperiment, measurements: [{ ...limited, request: undefined }, unlimited] };
    expect(toExperimentView(parsed(answered), 12_000).measurements[0]?.isDone).toBe(false);
    expect(toExperimentView(parsed(timedOutExperiment), 12_000).measurements[0]?.isDone).toBe(true);
  });

  test('while the experiment runs, bars grow up to the deadline, on a common axis', () => {
    const view = toExperimentView(parsed(runningExperiment), 11_000);
    expect(view.isRunning).toBe(true);
    const [limited, unlimited] = view.measurements;
    expect(limited?.waterfall.rows.map((row) => row.state)).toEqual(['fresh', 'fresh', 'running']);
    expect(limited?.waterfall.rows[2]?.to).toBeCloseTo(1_500 / (3_000 * 1.12));
    expect(unlimited?.waterfall.rows[2]?.to).toBe(limited?.waterfall.rows[2]?.to);
    expect(unlimited?.waterfall.rows[2]?.deadline).toBeNull();
    const later = toExperimentView(parsed(runningExperiment), 12_700).measurements[0];
    expect(later?.waterfall.rows[2]?.to).toBe(later?.waterfall.rows[2]?.deadline);
  });

  test('the record of the request with the deadline replaces its bars, while the bars of the other request grow', () => {
    const [limited, unlimited] = toExperimentView(parsed(timedOutExperiment), 10_400).measurements;
    expect(limited?.isDone).toBe(true);
    expect(limited?.waterfall.rows[2]).toMatchObject({ state: 'timeout', saved: { label: '401 ms saved' }, result: 'timed out, 2 s' });
    expect(limited?.summary).toBe('answered in 2 s without weather');
    expect(unlimited?.waterfall.rows[2]?.state).toBe('running');
  });

  test('after the end, a sentence compares the two requests', () => {
    const view = toExperimentView(parsed(doneExperiment), 0);
    expect(view.status).toBe('The deadline saved 1 s: 2 of 3 parts after 2 s, instead of 3 of 3 parts after 3 s.');
    expect(view.tone).toBe('good');
    const [limited, unlimited] = view.measurements.map((measured) => measured.waterfall.rows[2]);
    // The saved time ends where the call without the deadline ended.
    expect(limited?.saved).toEqual({ until: unlimited?.to, label: '1 s saved' });
    expect(unlimited?.saved).toBeNull();
    const withoutTimeout = { ...doneExperiment, measurements: [{ ...doneExperiment.measurements[1], name: 'with_deadline' }, doneExperiment.measurements[1]] };
    expect(describeConclusion(parsed(withoutTimeout))).toBe('No call exceeded its deadline: 3 of 3 parts after 3 s with the deadline, 3 of 3 parts after 3 s without it.');
  });

  test('a failure shows its reason, of bounded length', () => {
    const view = toExperimentView(parsed({ ...runningExperiment, state: 'failed', message: 'x'.repeat(5_000) }), 0);
    expect(view.tone).toBe('bad');
    expect(view.status).toHaveLength(200);
  });

  test('an unexpectedly long request extends the axis of both requests', () => {
    const long = { ...limitedRequest, duration_ms: 9_000 };
    const body = { ...doneExperiment, measurements: [doneExperiment.measurements[0], { ...doneExperiment.measurements[1], request: long }] };
    const view = toExperimentView(parsed(body), 0);
    expect(view.end).toBeCloseTo(9_000 * 1.12);
  });
});
