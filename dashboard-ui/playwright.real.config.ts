// SPDX-License-Identifier: BSL-1.0
import { defineConfig } from '@playwright/test';
import config from './playwright.config.ts';

/** Tests against the programs of the release build. */
export default defineConfig({ ...config, testDir: 'e2e-real', timeout: 60_000, expect: { timeout: 10_000 } });
