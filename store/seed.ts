import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PGlite } from '@electric-sql/pglite';

/**
 * A new database made ahead of time, next to this file in dist/ (a build makes it; it is in no repository): starting from
 * it takes 0.75 s, from nothing 4 s. Its name has PGlite's version, as another one could not read it. DROVER_PREBUILT: another
 * folder to look in.
 */
export function seedPath(): string {
  const folder = process.env['DROVER_PREBUILT'] ?? dirname(fileURLToPath(import.meta.url));
  return join(folder, `pglite-seed-${pgliteVersion()}.tar.gz`);
}

export async function readSeed(path: string): Promise<Blob | undefined> {
  return existsSync(path) ? new Blob([await readFile(path)]) : undefined;
}

/** For the build. */
export async function makeSeed(path = seedPath()): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-seed-'));
  try {
    const database = await PGlite.create(folder);
    const seed = await database.dumpDataDir('gzip');
    await database.close();
    await writeFile(`${path}.new`, Buffer.from(await seed.arrayBuffer()));
    await rename(`${path}.new`, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pgliteVersion(): string {
  // not among the package's exports, so found by way of its entry, dist/index.cjs
  const require = createRequire(import.meta.url);
  const manifest = join(dirname(require.resolve('@electric-sql/pglite')), '../package.json');
  return (require(manifest) as { version: string }).version;
}
