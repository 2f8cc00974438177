// SPDX-License-Identifier: BSL-1.0
import type { ProbeResult } from './stream.ts';

/** `not-required`: the server has no API key. */
export type RenewalResult = 'renewed' | 'not-required' | 'rejected' | 'unavailable';

export type SignInResult = 'accepted' | 'rejected' | 'limited' | 'unavailable';

/** Whether the server accepts this browser's session. Never rejects. */
export async function probeAccess(signal: AbortSignal): Promise<ProbeResult> {
  try {
    const response = await fetch('api/alerts', { cache: 'no-store', signal });
    return response.status === 401 ? 'unauthorized' : 'other';
  } catch {
    return 'other';
  }
}

/** Exchanges the key for an HttpOnly session cookie. Never rejects. */
export async function signIn(key: string): Promise<SignInResult> {
  // A header field cannot have other characters, so such a key is invalid.
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

/** Extends the session of this browser by the lifetime of its cookie, 15 minutes. Never rejects. */
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

/** Ends the session of this browser. Returns whether the server has confirmed that. Never rejects. */
export async function signOut(): Promise<boolean> {
  try {
    return (await fetch('session', { method: 'DELETE' })).ok;
  } catch {
    return false;
  }
}

/** The body of `GET /api/requests`; null if the server has none. Never rejects. */
export async function fetchRequests(): Promise<string | null> {
  try {
    const response = await fetch('api/requests', { cache: 'no-store' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
