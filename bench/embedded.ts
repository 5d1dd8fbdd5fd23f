import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { freePort } from '../embedded/port.ts';
import { startEmbedded, type Embedded } from '../embedded/system.ts';

/** The embedded system in this process and a folder of its own, for one benchmark. */
export async function withEmbedded<T>(measure: (system: Embedded) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-bench-'));
  const system = await startEmbedded({
    folder,
    port: await freePort(),
    temporalPort: await freePort(),
    uiPort: await freePort(),
    log: pino({ level: 'warn' }, pino.destination(2)),
  });
  try {
    return await measure(system);
  } finally {
    await system.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
