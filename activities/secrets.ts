import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class SecretMissing extends Error {}

/** Reads `secret:NAME` where the work is done: never kept, never logged. */
export class Secrets {
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#env = env;
  }

  /** The worker's environment variable NAME, else the file NAME in DROVER_SECRETS_DIR, else what DROVER_SECRETS_COMMAND prints. */
  async read(name: string): Promise<string> {
    const value = this.#env[name] ?? (await this.#fromFolder(name)) ?? (await this.#fromCommand(name));
    if (value === undefined)
      throw new SecretMissing(
        `secret ${name} has no value: set ${name} in the worker's environment, or put it into a file of that name in DROVER_SECRETS_DIR`,
      );
    return value;
  }

  async #fromFolder(name: string): Promise<string | undefined> {
    const folder = this.#env['DROVER_SECRETS_DIR'];
    if (!folder || /[/\0]|^\.\.?$/.test(name)) return undefined;
    try {
      return withoutNewline(await readFile(join(folder, name), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new SecretMissing(`secret ${name} cannot be read from DROVER_SECRETS_DIR: ${(error as Error).message}`);
    }
  }

  async #fromCommand(name: string): Promise<string | undefined> {
    const command = this.#env['DROVER_SECRETS_COMMAND'];
    if (!command) return undefined;
    try {
      const { stdout } = await run(command, [name], { timeout: 10_000, maxBuffer: 1024 * 1024 });
      return withoutNewline(stdout);
    } catch (error) {
      const { code } = error as { code?: number | string };
      // The message of execFile repeats the command's output, which may hold the secret.
      throw new SecretMissing(`secret ${name}: DROVER_SECRETS_COMMAND failed (${code ?? 'killed'})`);
    }
  }
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
