// SPDX-License-Identifier: BSL-1.0
// Demonstrates an incident: on the stack that runs on the default ports with fault injection, or on a new stack.
import { formatEvent, runIncident } from './support/incident.ts';
import { LocalStack } from './support/local_stack.ts';
import { terminateChildrenOnExit } from './support/processes.ts';
import type { Stack } from './support/stack.ts';
import { request, stackOnDefaultPorts } from './support/stack.ts';

async function runAndPrintIncident(stack: Stack): Promise<void> {
  const { services, prometheus, alertmanager } = stack;
  console.log(`dashboard ${services['dashboard-service']}  Prometheus ${prometheus}  Alertmanager ${alertmanager}`);
  console.log('load started; waiting until the rules have a minute of normal data');
  await runIncident(stack, (event) => console.log(formatEvent(event)));
}

/** Returns false if no stack is running. Throws if the running stack cannot be used. */
async function isStackRunning(stack: Stack): Promise<boolean> {
  const response = await request(stack, `${stack.services['weather-service']}/api/faults`).catch(() => undefined);
  if (response?.status === 404) {
    throw new Error('the running stack has no fault injection; restart it with --enable-faults (ENABLE_FAULTS=true)');
  }
  if (response?.status === 401) throw new Error('the running stack requires an API key; set API_KEY');
  if (response === undefined) return false;
  await request(stack, `${stack.prometheus}/-/healthy`).catch(() => {
    throw new Error('there is no Prometheus on port 9090; restart the running stack with --monitor');
  });
  return true;
}

terminateChildrenOnExit();
const runningStack = stackOnDefaultPorts(process.env['API_KEY'] ?? '');
if (await isStackRunning(runningStack)) {
  const load = LocalStack.startStackLoad(runningStack, 20);
  try {
    await runAndPrintIncident(runningStack);
  } finally {
    await load.stop();
  }
} else {
  const localStack = await LocalStack.start('default', '15s');
  const load = localStack.startLoad(20);
  try {
    await runAndPrintIncident(localStack.stack);
  } finally {
    await load.stop();
    await localStack.stop();
  }
}
