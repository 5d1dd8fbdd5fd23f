import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** As scripts/ensure-tools.sh installs it. */
const PROGRAM = resolve('node_modules/.cache/schemathesis-4.32.5/bin/schemathesis');

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

export interface RandomRun {
  /** The OpenAPI document, by URL or as it is. */
  document: string | object;
  /** Where the API is. */
  url: string;
  headers?: Record<string, string>;
  /** Paths that are left out. */
  without?: RegExp;
  /** Values that are tried for a parameter, as `path.name`, half of the time. */
  known?: Record<string, string[]>;
  /** Random requests for each operation. */
  examples: number;
  /** `coverage`: also those at the limits of its schema, systematically. */
  phases: ('coverage' | 'fuzzing')[];
}

export interface RandomResult {
  passed: boolean;
  /** Requests that were made. */
  requests: number;
  /** All that schemathesis said. */
  output: string;
}

/** Asks an API at random, the same way each time, and checks each answer against its document. */
export async function askAtRandom(run: RandomRun): Promise<RandomResult> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there: scripts/ensure-tools.sh installs it`);
  const folder = await mkdtemp(join(tmpdir(), 'drover-schemathesis-'));
  try {
    const [config, document] = [join(folder, 'schemathesis.toml'), join(folder, 'openapi.json')];
    await writeFile(config, settings(run.known ?? {}));
    if (typeof run.document !== 'string') await writeFile(document, JSON.stringify(run.document));
    const location = typeof run.document === 'string' ? run.document : document;
    const { code, output } = await execute(['--config-file', config, 'run', location, ...options(run)], folder);
    return { passed: code === 0, requests: Number(/(\d+) generated/.exec(output)?.[1] ?? 0), output };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function options({ url, headers = {}, without, examples, phases }: RandomRun): string[] {
  return [
    ...['--url', url, '--checks', CHECKS.join(','), '--phases', phases.join(',')],
    ...['--max-examples', String(examples), '--seed', '1', '--generation-database', 'none', '--no-color'],
    ...['--generation-with-security-parameters', 'false', '--suppress-health-check', 'all', '--warnings', 'off'],
    ...['--continue-on-failure', '--request-timeout', '30'],
    ...(without ? ['--exclude-path-regex', without.source] : []),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
  ];
}

/** TOML takes JSON's texts and lists. */
function settings(known: Record<string, string[]>): string {
  const lists = Object.entries(known);
  return [
    ...lists.flatMap(([, values], i) => [`[dictionaries.known${i}]`, `values = ${JSON.stringify(values)}`]),
    '[parameters]',
    ...lists.map(([parameter], i) => `"${parameter}" = { dictionary = "known${i}", probability = 0.5 }`),
  ].join('\n');
}

function execute(args: string[], cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((done, failed) => {
    const child = spawn(PROGRAM, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (bytes: Buffer) => (output += bytes.toString());
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', failed);
    child.on('close', (code) => done({ code, output }));
  });
}
