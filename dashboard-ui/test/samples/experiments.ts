// SPDX-License-Identifier: BSL-1.0
import { requestBody } from './requests.ts';

const [timeCall, systemCall, weatherCall] = requestBody.calls;
const attempt = { ...weatherCall?.attempts[0], start_ms: 0.1, connect_ms: 0, tls_ms: 0, wait_ms: 3000, read_ms: 0.3, end_ms: 3001 };

/** A request whose weather call was cancelled at the deadline. */
export const limitedRequest = {
  ...requestBody,
  duration_ms: 2000.1,
  deadline_ms: 2000,
  status: 'degraded',
  calls: [
    { ...timeCall, budget_ms: 2000 },
    { ...systemCall, budget_ms: 2000 },
    {
      ...weatherCall,
      state: 'timeout',
      end_ms: 2000,
      budget_ms: 2000,
      attempts: [{ ...attempt, wait_ms: 1999.9, read_ms: 0, end_ms: 2000, outcome: 'timeout', status: undefined, cancelled_by: 'deadline' }],
    },
  ],
};

/** The request above, without the deadline. */
export const unlimitedRequest = {
  ...requestBody,
  trace_id: '1b2c3d4e5f60718293a4b5c6d7e8f900',
  duration_ms: 3001.2,
  deadline_ms: 30000,
  calls: [
    { ...timeCall, budget_ms: 30000 },
    { ...systemCall, budget_ms: 30000 },
    { ...weatherCall, end_ms: 3001, budget_ms: 30000, attempts: [attempt] },
  ],
};

const settings = { latency_ms: 3000, error_percent: 0, deadline_ms: 2000 };
const early = { time_service: { state: 'fresh', elapsed_ms: 0.4 }, sysinfo_service: { state: 'fresh', elapsed_ms: 0.7 } };
const limited = { name: 'with_deadline', deadline_ms: 2000, parts: { ...early, weather_service: { state: 'timeout', elapsed_ms: 2000 } } };

/** The state before the first experiment. */
export const idleExperiment = { number: 0, state: 'idle', settings, max_wait_ms: 30000, measurements: [] };
/** The state after 500 ms: both weather calls wait. */
export const runningExperiment = {
  ...idleExperiment,
  number: 1,
  state: 'running',
  age_ms: 500,
  measurements: [
    { ...limited, parts: early },
    { name: 'without_deadline', deadline_ms: 30000, parts: early },
  ],
};
/** The state after the deadline. */
export const timedOutExperiment = {
  ...runningExperiment,
  age_ms: 2001,
  measurements: [{ ...limited, request: limitedRequest }, runningExperiment.measurements[1]],
};
export const doneExperiment = {
  ...runningExperiment,
  state: 'done',
  age_ms: undefined,
  measurements: [
    { ...limited, request: limitedRequest },
    {
      name: 'without_deadline',
      deadline_ms: 30000,
      parts: { ...early, weather_service: { state: 'fresh', elapsed_ms: 3001 } },
      request: unlimitedRequest,
    },
  ],
};
