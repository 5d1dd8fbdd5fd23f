import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';

import type { ThreadInput } from './pglite-stream.ts';
import { readSeed } from './seed.ts';

/**
 * The thread that PGlite has to itself, as it blocks its thread for as long as a statement takes. It is sent PostgreSQL's
 * protocol and answers in it, message for message; the first one it sends says that the database is open.
 */
const TERMINATE = 'X'.charCodeAt(0);

const extensions = { pg_trgm };

const { folder, seed } = workerData as ThreadInput;
const database = await openDatabase(folder, seed).catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : JSON.stringify(error); // its file system throws plain objects
  throw new Error(`The database in ${folder} cannot be opened: ${reason}`);
});

parentPort?.on('message', (request: Uint8Array) => {
  if (request[0] === TERMINATE) void close();
  else answer(database.execProtocolRawSync(request));
});
parentPort?.postMessage(new Uint8Array());

/** Handed over, not copied, unless it is a part of what PGlite uses again. */
function answer(bytes: Uint8Array): void {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  parentPort?.postMessage(bytes, isWhole ? [buffer] : []);
}

async function close(): Promise<void> {
  await database.close();
  parentPort?.close(); // nothing is left that keeps the thread
}

async function openDatabase(folder: string, seed: string): Promise<PGlite> {
  const dataDir = join(folder, 'pgdata');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return PGlite.create({ dataDir, extensions });
  // What a first start left that was killed half way: nothing was kept in it yet.
  await rm(dataDir, { recursive: true, force: true });
  const loadDataDir = await readSeed(seed);
  const database = await PGlite.create({ dataDir, extensions, ...(loadDataDir && { loadDataDir }) });
  await writeFile(complete, '');
  return database;
}
