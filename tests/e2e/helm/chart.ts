// SPDX-License-Identifier: BSL-1.0
import { join } from 'node:path';

import { root } from '../support/processes.ts';

/** The directory of the Helm chart. */
export const chart = join(root, 'deploy/helm/cohort');

/** Removes Helm's messages about the files of the chart that are links to deploy/kubernetes. */
export const removeLinkMessages = (output: string): string =>
  output.split('\n').filter((line) => !line.includes('found symbolic link')).join('\n');
