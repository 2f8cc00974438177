// SPDX-License-Identifier: BSL-1.0
/** The sum of the series of a metric whose labels contain `labels`, in the text of a metrics endpoint. */
export function metricSum(text: string, name: string, labels = ''): number {
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
