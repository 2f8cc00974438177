// SPDX-License-Identifier: BSL-1.0
import type { Page } from '@playwright/test';
import { alertBody, alertsBody, timeBody, warningBody } from '../test/samples/bodies.ts';
import { doneExperiment } from '../test/samples/experiments.ts';
import { expect, test } from './fixtures.ts';

/** The visible controls in the order of the document, as `describeFocus` names them. */
function findControls(page: Page): Promise<string[]> {
  return page.locator('a[href], button, input, summary, [tabindex="0"]').evaluateAll((all) =>
    all
      .filter((control) => control.checkVisibility() && !(control as HTMLButtonElement).disabled)
      .map((control) => `${control.tagName} ${control.id || (control.getAttribute('aria-label') ?? control.textContent?.trim())}`),
  );
}

/** The focused element, and whether it has a visible outline; null if no element has the focus. */
function describeFocus(page: Page): Promise<{ name: string; isOutlined: boolean; isOnScreen: boolean } | null> {
  return page.evaluate(() => {
    const focusedElement = document.activeElement;
    if (focusedElement === null || focusedElement === document.body) return null;
    // The invisible slider covers the columns of the strip, so the strip has the outline.
    const outlinedElement = focusedElement.closest('#strip') ?? focusedElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(outlinedElement);
    const { top, bottom } = outlinedElement.getBoundingClientRect();
    return {
      name: `${focusedElement.tagName} ${focusedElement.id || (focusedElement.getAttribute('aria-label') ?? focusedElement.textContent?.trim())}`,
      isOutlined: outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2,
      isOnScreen: top < innerHeight && bottom > 0,
    };
  });
}

for (const key of ['Tab', 'Shift+Tab']) {
  test(`${key} reaches every control in the order of the page, with a visible focus`, async ({ page, dashboard }) => {
    dashboard.alerts = alertsBody([alertBody, warningBody]);
    dashboard.experiment = doneExperiment;
    await dashboard.open(page);
    dashboard.send('time', timeBody);
    await expect(page.locator('#clock')).toHaveText('14:05:06');
    await expect(page.locator('#strip input')).toBeEnabled();
    await page.locator('#request-details > summary').click();
    await page.locator('h1').focus();
    const expected = await findControls(page);
    expect(expected.length).toBeGreaterThan(20);
    const reachedControls: string[] = [];
    for (let i = 0; i < expected.length; ++i) {
      await page.keyboard.press(key);
      const focus = await describeFocus(page);
      if (focus === null && key === 'Shift+Tab' && i === 0) {
        // The focus is before the first control; the previous control in the tab order is the last control of the page.
        --i;
        continue;
      }
      // The browser scrolls in the next frame.
      await expect.poll(() => describeFocus(page)).toMatchObject({ isOutlined: true, isOnScreen: true });
      reachedControls.push(focus?.name ?? '');
    }
    expect(reachedControls).toEqual(key === 'Tab' ? expected : expected.reverse());
  });
}
