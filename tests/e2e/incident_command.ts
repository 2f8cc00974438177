// Plays an incident for people to watch: on the stack that runs on the usual ports with its faults enabled, or else on one of its own.
import { ByHand } from './by_hand.ts';
import { playIncident, printed } from './incident.ts';
import { endAllAtExit } from './processes.ts';
import type { Stack } from './stack.ts';
import { ask, onUsualPorts } from './stack.ts';

async function play(stack: Stack): Promise<void> {
  console.log(`page ${stack.services["dashboard-service"]}  Prometheus ${stack.prometheus}  Alertmanager ${stack.alertmanager}`);
  console.log('under load; waiting until all is normal (the rules look back for a minute)');
  await playIncident(stack, (moment) => console.log(printed(moment)));
}

async function isRunning(stack: Stack): Promise<boolean> {
  const got = await ask(stack, `${stack.services["weather-service"]}/api/faults`).catch(() => undefined);
  if (got?.status === 404) throw new Error('the stack that runs here was started without --enable-faults (ENABLE_FAULTS=true)');
  if (got?.status === 401) throw new Error('the stack that runs here asks for a key: set API_KEY');
  if (got === undefined) return false;
  await ask(stack, `${stack.prometheus}/-/healthy`).catch(() => {
    throw new Error('the stack that runs here was started without --monitor: there is no Prometheus on port 9090');
  });
  return true;
}

endAllAtExit();
const there = onUsualPorts(process.env['API_KEY'] ?? '');
if (await isRunning(there)) {
  const load = ByHand.loadOn(there, 20);
  try {
    await play(there);
  } finally {
    await load.stop();
  }
} else {
  const own = await ByHand.start('usual', '15s');
  const load = own.load(20);
  try {
    await play(own.stack);
  } finally {
    await load.stop();
    await own.stop();
  }
}
