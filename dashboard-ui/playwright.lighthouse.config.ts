// SPDX-License-Identifier: BSL-1.0
import { defineConfig } from '@playwright/test';
import config from './playwright.real.config.ts';

/** Lighthouse measurements of the page, served by the programs of the release build. */
export default defineConfig({ ...config, testDir: 'lighthouse', timeout: 300_000 });
