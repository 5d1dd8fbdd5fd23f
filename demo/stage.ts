import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import type { Closing } from '../embedded/closing.ts';
import { freePort } from '../embedded/port.ts';
import { startEmbedded, type Embedded } from '../embedded/system.ts';
import { findTemporalBinary } from '../embedded/temporal-binary.ts';
import { startFleet, type DemoFleet } from './fleet.ts';
import { say } from './tell.ts';
import { endWebServers } from './web-servers.ts';

/** Everything the demo plays on; in a folder of its own, on free ports. */
export interface Stage {
  folder: string;
  /** The nodes, as `drover run --nodes` takes them. */
  nodesFile: string;
  system: Embedded;
  fleet: DemoFleet;
}

const NODES = 12;
/** Its old server goes on to hold the port for a while: the first try to start the new one fails. */
export const SLOW_TO_STOP = { node: 'web-07', seconds: 2 };

export async function raiseStage(closing: Closing): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-demo-'));
  closing.later(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  say(`Starting ${NODES} nodes and the system (Temporal, database, worker, API) in ${folder} …`);
  await findTemporalBinary((line) => {
    say(line);
  });
  const [fleet, system] = await closing.addBoth(
    () => startNodes(folder),
    () => startSystem(folder),
  );
  const nodesFile = join(folder, 'nodes.yaml');
  await writeFile(nodesFile, stringify(fleet.list));
  return { folder, nodesFile, system, fleet };
}

async function startNodes(folder: string): Promise<DemoFleet> {
  const fleet = await startFleet(join(folder, 'fleet'), NODES);
  const slow = fleet.list.nodes.find(({ name }) => name === SLOW_TO_STOP.node);
  if (slow) slow.params = { ...slow.params, drain: String(SLOW_TO_STOP.seconds) };
  return {
    ...fleet,
    close: async () => {
      await fleet.close();
      await endWebServers(fleet.nodes);
    },
  };
}

async function startSystem(folder: string): Promise<Embedded> {
  delete process.env.TEMPORAL_ADDRESS; // the demo is played on a Temporal of its own
  return startEmbedded({
    folder: join(folder, 'data'),
    port: await freePort(7610),
    temporalPort: await freePort(7233),
    uiPort: await freePort(8233),
    log: pino({ level: 'info' }, pino.destination(join(folder, 'drover.log'))),
    ssh: { base: () => join(folder, 'commands') },
  });
}
