// SPDX-License-Identifier: BSL-1.0
/**
 * The target of an alert's runbook link; null if it is not an http or https URL.
 *
 * A URL of the dashboard itself becomes relative. The rules of this stack contain the default URL of the dashboard, but
 * the browser may use a different host or a path prefix.
 */
export function runbookHref(url: string | null): string | null {
  const target = url === null ? null : parsed(url);
  if (target === null || !['http:', 'https:'].includes(target.protocol)) return null;
  const isOwnRunbook = target.host === 'localhost:5000' && target.pathname === '/runbook';
  return isOwnRunbook ? `runbook${target.hash}` : target.href;
}

function parsed(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
