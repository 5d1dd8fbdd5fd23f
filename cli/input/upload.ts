import { readFile } from 'node:fs/promises';
import type { Api } from '../server/api.ts';
import type { Upload } from './files.ts';

/** Brings files to the server that it does not have yet. */
export async function upload(api: Api, uploads: Upload[]): Promise<void> {
  for (const { path, sha256 } of uploads) {
    const place = `/api/v1/files/${sha256}`;
    if (!(await api.has(place))) await api.upload(place, await readFile(path));
  }
}
