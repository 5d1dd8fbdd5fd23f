import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../embedded/port.ts';
import { findTemporalBinary } from '../../embedded/temporal-binary.ts';
import { startTemporalServer } from '../../embedded/temporal-server.ts';
import { makeSeed } from '../../store/seed.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { startPostgres } from './postgres.ts';
import { startSshd, type SshdFleet } from './sshd.ts';

export interface Shared {
  temporal: { address: string; binary: string };
  postgresUrl: string;
  /** Thirty real sshd nodes. */
  sshd: Pick<SshdFleet, 'targets' | 'knownHosts' | 'identityFile'>;
}

declare module 'vitest' {
  interface ProvidedContext {
    shared: Shared;
  }
}

/** What every worker and every embedded store of the run would make for itself: the workflows' bundle, an empty database. */
async function prebuild(folder: string): Promise<void> {
  process.env['DROVER_PREBUILT'] = folder;
  const [{ code }] = await Promise.all([bundleWorkflows(), makeSeed()]);
  await writeFile(join(folder, 'workflows.bundle.cjs'), code);
}

/** One Temporal server, one PostgreSQL and one fleet of sshds for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-test-'));
  await prebuild(folder);
  const binary = await findTemporalBinary((line) => process.stderr.write(`${line}\n`));
  const [temporal, postgres, sshd] = await Promise.all([
    startTemporalServer({
      binary,
      folder,
      port: await freePort(),
      uiPort: await freePort(),
      log: pino({ level: 'warn' }, pino.destination(2)),
    }),
    startPostgres(),
    startSshd({ count: 30 }),
  ]);
  project.provide('shared', {
    temporal: { address: temporal.address, binary },
    postgresUrl: postgres.url,
    sshd: { targets: sshd.targets, knownHosts: sshd.knownHosts, identityFile: sshd.identityFile },
  });
  return async () => {
    await Promise.all([temporal.close(), postgres.stop(), sshd.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
}
