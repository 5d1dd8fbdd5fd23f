import pino from 'pino';
import { Holds } from '../../activities/holds.ts';
import { Secrets } from '../../activities/secrets.ts';
import { Snapshots } from '../../activities/snapshots.ts';
import { sweep } from '../../activities/sweep.ts';
import { Fleet } from '../../remote/fleet.ts';
import { providersOf } from '../../worker/providers.ts';
import { temporalOf } from '../../worker/temporal.ts';
import type { Engine } from './engine.ts';

/** The sweep that a worker makes when it starts and every minute. */
export async function sweepOnce({ store, drover }: Engine): Promise<void> {
  const fleet = new Fleet();
  const dependencies = {
    store,
    fleet,
    secrets: new Secrets(),
    snapshots: new Snapshots(store),
    holds: new Holds(store),
    providers: providersOf(new Secrets()),
    temporal: temporalOf(drover),
    log: pino({ level: 'silent' }),
    link: '',
    reconnectWithin: 10_000,
    logLimit: 1024,
  };
  try {
    await sweep(dependencies, async ({ name }) => (await drover.task(name).execution()).state, 'test');
  } finally {
    await fleet.close();
  }
}
