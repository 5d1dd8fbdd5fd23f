import { mkdir } from 'node:fs/promises';

import type { Dialect } from 'kysely';

import { lockFolder } from './lock.ts';
import { openPGlite } from './pglite-stream.ts';
import { connectPGlite } from './pglite.ts';
import { seedPath } from './seed.ts';

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
    return { dialect: await connectPGlite(await openPGlite({ folder, seed })), release };
  } catch (error) {
    release();
    throw error;
  }
}
