import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import type { Dialect } from 'kysely';

import { lockFolder } from './lock.ts';
import { TYPES, PGliteDialect } from './pglite.ts';
import { readSeed, seedPath } from './seed.ts';

/**
 * The embedded database of a folder, which is this process's alone until `release`. Killed at any moment it loses nothing
 * that was committed: PGlite hands its log to the operating system before it answers. (It never calls fsync: a power
 * failure can cost the last moments. For that, use PostgreSQL.)
 */
export async function openFolder(
  folder: string,
  seed = seedPath(),
): Promise<{ dialect: Dialect; release: () => void }> {
  await mkdir(folder, { recursive: true });
  const release = lockFolder(folder);
  try {
    return { dialect: new PGliteDialect(await openDatabase(folder, seed)), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function openDatabase(folder: string, seed: string): Promise<PGlite> {
  const dataDir = join(folder, 'pgdata');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return PGlite.create({ dataDir, ...TYPES });
  // What a first start left that was killed half way: nothing was kept in it yet.
  await rm(dataDir, { recursive: true, force: true });
  const loadDataDir = await readSeed(seed);
  const database = await PGlite.create({ dataDir, ...TYPES, ...(loadDataDir && { loadDataDir }) });
  await writeFile(complete, '');
  return database;
}
