// SPDX-License-Identifier: BSL-1.0
const response = {
  kind: 'first',
  address: '127.0.0.1:5001',
  start_ms: 0.05,
  queued_ms: 0.02,
  connect_ms: 0,
  tls_ms: 0,
  wait_ms: 0.34,
  read_ms: 0.02,
  end_ms: 0.43,
  outcome: 'response',
  status: 200,
  deadline_sent_ms: 2999.9,
};

const timeCall = { service: 'time_service', state: 'fresh', start_ms: 0, end_ms: 0.45, budget_ms: 3000, attempts: [response] };

const systemCall = {
  service: 'sysinfo_service',
  state: 'fresh',
  start_ms: 0.02,
  end_ms: 0.71,
  budget_ms: 3000,
  attempts: [{ ...response, address: '127.0.0.1:5002', start_ms: 0.06, connect_ms: 0.12, wait_ms: 0.4, read_ms: 0.05, end_ms: 0.69 }],
};

const weatherCall = {
  service: 'weather_service',
  state: 'fresh',
  start_ms: 0.03,
  end_ms: 41.2,
  budget_ms: 5000,
  attempts: [
    { ...response, address: '127.0.0.1:5003', start_ms: 0.1, connect_ms: 0.9, tls_ms: 2.1, wait_ms: 36.8, read_ms: 1.2, end_ms: 41.1 },
  ],
};

/** A request without failures, in the format of the server. */
export const requestBody = {
  trace_id: '4c1a8f00d2b94e6f8a7b3c2d1e0f9a8b',
  started_at: '2025-03-09T12:05:06.123Z',
  duration_ms: 41.3,
  deadline_ms: 5000,
  status: 'complete',
  calls: [timeCall, systemCall, weatherCall],
};

/** A request whose weather call was refused, retried, hedged, and cancelled at the deadline. */
export const timedOutRequestBody = {
  ...requestBody,
  trace_id: '9be2d10c77aa4f0e8d6c5b4a39281706',
  started_at: '2025-03-09T12:05:11.456Z',
  duration_ms: 5000.4,
  status: 'degraded',
  calls: [
    timeCall,
    systemCall,
    {
      ...weatherCall,
      state: 'timeout',
      end_ms: 5000.2,
      reason: 'no response within 5 s',
      attempts: [
        { kind: 'first', address: '10.0.3.7:5003', start_ms: 0.1, queued_ms: 0, connect_ms: 310, tls_ms: 0, wait_ms: 640, read_ms: 0, end_ms: 950, outcome: 'reset' },
        { kind: 'retry', of: 0, address: '10.0.3.8:5003', start_ms: 1010, queued_ms: 0, connect_ms: 90, tls_ms: 160, wait_ms: 3740, read_ms: 0, end_ms: 5000, outcome: 'timeout', cancelled_by: 'deadline', deadline_sent_ms: 3990 },
        { kind: 'hedge', of: 1, address: '10.0.3.9:5003', start_ms: 2200, queued_ms: 120, connect_ms: 60, tls_ms: 100, wait_ms: 1400, read_ms: 0, end_ms: 3880, outcome: 'cancelled', cancelled_by: 'hedge' },
      ],
    },
  ],
};

/** A request whose weather call was rejected by the breaker. */
export const openBreakerRequestBody = {
  ...requestBody,
  trace_id: '0f00aa0c77aa4f0e8d6c5b4a39281706',
  duration_ms: 0.8,
  status: 'degraded',
  calls: [timeCall, systemCall, { ...weatherCall, state: 'open', end_ms: 0.04, reason: 'circuit breaker open', attempts: [] }],
};

/** The `index`-th of a series of requests, two seconds apart. */
export function requestBodyAt(index: number, body: object = requestBody): object {
  const started = new Date(Date.UTC(2025, 2, 9, 12, 0, 2 * index)).toISOString();
  return { ...body, trace_id: index.toString(16).padStart(32, '0'), started_at: started };
}
