// SPDX-License-Identifier: BSL-1.0
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['grafana/test/**/*.test.ts', 'test/**/*.test.ts'] } });
