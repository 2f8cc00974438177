// SPDX-License-Identifier: BSL-1.0
import { defineConfig } from '@playwright/test';
import config from './playwright.real.config.ts';

/** Screenshots of the documentation, taken from the page of the programs of the release build. */
export default defineConfig({ ...config, testDir: 'screenshots', timeout: 120_000 });
