import type { ProbeResult } from './stream.ts';

export type SignInResult = 'accepted' | 'rejected' | 'limited' | 'unavailable';

/** Whether the server lets this browser in. Never rejects. */
export async function probeAccess(signal: AbortSignal): Promise<ProbeResult> {
  try {
    const response = await fetch('/api/aggregate', { cache: 'no-store', signal });
    return response.status === 401 ? 'unauthorized' : 'other';
  } catch {
    return 'other';
  }
}

/** Trades the key for a session cookie that scripts cannot read. Never rejects. */
export async function signIn(key: string): Promise<SignInResult> {
  // A header cannot carry other characters, so that no such key can be right.
  if (!/^[\x20-\x7e]+$/.test(key)) return 'rejected';
  try {
    const response = await fetch('/session', { method: 'POST', headers: { 'X-API-Key': key } });
    if (response.ok) return 'accepted';
    if (response.status === 401) return 'rejected';
    return response.status === 429 ? 'limited' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}
