// SPDX-License-Identifier: BSL-1.0

/** Timeout for browsers that do not report paints, and for pages that are never painted. */
const maxWaitMs = 1_000;

/**
 * Runs `action` once the browser has painted the content of the HTML. If the page is hidden, and thus not painted, runs
 * it immediately.
 */
export function afterFirstPaint(action: () => void): void {
  let isPending = true;
  const run = () => {
    if (!isPending) return;
    isPending = false;
    action();
  };
  if (document.hidden) {
    run();
    return;
  }
  new PerformanceObserver((entries) => {
    if (entries.getEntriesByName('first-contentful-paint').length > 0) run();
  }).observe({ type: 'paint', buffered: true });
  setTimeout(run, maxWaitMs);
}
