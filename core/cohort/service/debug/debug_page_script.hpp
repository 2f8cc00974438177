// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::service {

/// The script of the debug page. Every 2 s, the script reloads the page and replaces the elements with `data-live`. The
/// updates pause while the page is hidden, text is selected or the button is pressed. Open `details` elements and the
/// focus are kept. The color scheme is the scheme that the user selected on the dashboard page.
inline constexpr std::string_view debug_page_script = R"js(
'use strict';
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.style.colorScheme = theme;
} catch {
  // Access to the storage may be forbidden.
}
addEventListener('DOMContentLoaded', () => {
  const byId = (id) => document.getElementById(id);
  const button = byId('pause');
  const show = (text, tone) => {
    const updates = byId('updates');
    if (updates.textContent === text) return;
    updates.textContent = text;
    updates.dataset.tone = tone;
  };
  const replace = (next) => {
    for (const part of document.querySelectorAll('[data-live]')) {
      const fresh = next.getElementById(part.id);
      if (fresh === null) continue;
      for (const details of part.querySelectorAll('details[id]')) {
        const other = next.getElementById(details.id);
        if (other !== null) other.open = details.open;
      }
      if (fresh.outerHTML === part.outerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : '';
      part.replaceWith(document.adoptNode(fresh));
      if (focused !== '') byId(focused)?.focus({ preventScroll: true });
    }
    document.title = next.title;
    document.querySelector('link[rel=icon]').href = next.querySelector('link[rel=icon]').href;
  };
  const isPaused = () => button.getAttribute('aria-pressed') === 'true';
  let isBusy = false;
  const update = async () => {
    if (isBusy || isPaused() || document.hidden || !getSelection().isCollapsed) return;
    isBusy = true;
    try {
      const response = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
      if (!response.ok) throw new Error(response.status === 401 ? 'sign in again' : `status ${response.status}`);
      const next = new DOMParser().parseFromString(await response.text(), 'text/html');
      if (isPaused()) return;
      replace(next);
      show('Updated every 2 s', 'good');
      document.body.classList.remove('old');
    } catch (error) {
      if (isPaused()) return;
      const reason = error.name === 'TimeoutError' ? 'no response' : error.name === 'Error' ? error.message : 'no connection';
      show(`Not updated since ${byId('taken').textContent}: ${reason}`, 'bad');
      document.body.classList.add('old');
    } finally {
      isBusy = false;
    }
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    button.setAttribute('aria-pressed', String(!isPaused()));
    if (isPaused()) show('Paused', 'idle');
    else update();
  });
  document.addEventListener('visibilitychange', update);
  show('Updated every 2 s', 'good');
  setInterval(update, 2000);
});
)js";

}  // namespace cohort::service
