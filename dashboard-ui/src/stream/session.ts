// SPDX-License-Identifier: BSL-1.0
import type { ExperimentSettings } from '../request/experiment.ts';
import type { ProbeResult } from './stream.ts';

/** `not-required`: the server has no API key. */
export type RenewalResult = 'renewed' | 'not-required' | 'rejected' | 'unavailable';

export type SignInResult = 'accepted' | 'rejected' | 'limited' | 'unavailable';

/** Whether the server accepts this browser's session. The promise is never rejected. */
export async function probeAccess(signal: AbortSignal): Promise<ProbeResult> {
  try {
    const response = await fetch('api/alerts', { cache: 'no-store', signal });
    return response.status === 401 ? 'unauthorized' : 'other';
  } catch {
    return 'other';
  }
}

/** `busy`: an experiment is running. */
export type StartResult = 'started' | 'busy' | 'rejected' | 'unavailable';

/** Starts an experiment. Its state arrives as events. The promise is never rejected. */
export async function startExperiment(settings: ExperimentSettings): Promise<StartResult> {
  const { latencyMs, errorPercent, deadlineMs } = settings;
  const body = JSON.stringify({ latency_ms: latencyMs, error_percent: errorPercent, deadline_ms: deadlineMs });
  try {
    const response = await fetch('api/experiment', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    if (response.ok) return 'started';
    if (response.status === 409) return 'busy';
    return response.status < 500 ? 'rejected' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}

/** Exchanges the key for an HttpOnly session cookie. The promise is never rejected. */
export async function signIn(key: string): Promise<SignInResult> {
  // A key with other characters is invalid, because a header field cannot contain them.
  if (!/^[\x20-\x7e]+$/.test(key)) return 'rejected';
  try {
    const response = await fetch('session', { method: 'POST', headers: { 'X-API-Key': key } });
    if (response.ok) return 'accepted';
    if (response.status === 401) return 'rejected';
    return response.status === 429 ? 'limited' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}

/** Extends the session of this browser by the lifetime of its cookie, 15 minutes. The promise is never rejected. */
export async function renewSession(): Promise<RenewalResult> {
  try {
    const response = await fetch('session/renewal', { method: 'POST' });
    if (response.status === 401) return 'rejected';
    if (!response.ok) return 'unavailable';
    return response.status === 204 ? 'renewed' : 'not-required';
  } catch {
    return 'unavailable';
  }
}

/**
 * Ends the session of this browser. Returns whether the server has confirmed the end. The promise is never rejected.
 */
export async function signOut(): Promise<boolean> {
  try {
    return (await fetch('session', { method: 'DELETE' })).ok;
  } catch {
    return false;
  }
}

/** The body of `GET /api/requests`; null if the server has none. The promise is never rejected. */
export function fetchRequests(): Promise<string | null> {
  return fetchText('api/requests');
}

/** The body of `GET /api/history`; null if the server has none. The promise is never rejected. */
export function fetchHistory(): Promise<string | null> {
  return fetchText('api/history');
}

async function fetchText(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { cache: 'no-store' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
