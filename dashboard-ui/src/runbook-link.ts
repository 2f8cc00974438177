/**
 * Where an alert's runbook link may lead, or null for nowhere: only to the web, whatever a rule has written.
 *
 * The rules of this stack name the dashboard's own page as the operator's machine sees it; a reader may have come by another
 * name, so that the page is linked on the same server.
 */
export function runbookHref(url: string | null): string | null {
  const target = url === null ? null : parsed(url);
  if (target === null || !['http:', 'https:'].includes(target.protocol)) return null;
  const isOurs = target.host === 'localhost:5000' && target.pathname === '/runbook';
  return isOurs ? `/runbook${target.hash}` : target.href;
}

function parsed(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}
