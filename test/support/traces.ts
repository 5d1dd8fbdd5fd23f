import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { inject } from 'vitest';
import type { TaskHandle } from '../../client/index.ts';
import type { Engine } from './engine.ts';
import { commandLine } from './processes.ts';

const run = promisify(execFile);

/**
 * The places that hold one of the texts, as it is or encoded: histories of the task in Temporal, tables of the database.
 */
export async function tracesOf(texts: string[], engine: Engine, task: TaskHandle): Promise<string[]> {
  const places = [...(await histories(engine, task)), ...(await tables(engine.databaseUrl))];
  return texts.flatMap((text) => {
    const forms = encodings(text);
    const found = places.filter(({ content }) => forms.some((form) => content.includes(form)));
    return found.map(({ name }) => `${name}: ${text}`);
  });
}

interface Place {
  name: string;
  content: string;
}

/** Of the task and its batches, by the `temporal` program. */
async function histories(engine: Engine, task: TaskHandle): Promise<Place[]> {
  const { address, binary } = inject('shared').temporal;
  const batches = (await engine.store.tasks.get(task.name))?.batchesTotal ?? 0;
  const workflows = [task.name, ...Array.from({ length: batches }, (_, i) => `${task.name}/batch-${i + 1}`)];
  return await Promise.all(
    workflows.map(async (workflow) => {
      const args = ['workflow', 'show', '--workflow-id', workflow, '--output', 'json', '--address', address];
      const { stdout } = await run(binary, args, { maxBuffer: 256 * 1024 * 1024 });
      return { name: `history of ${workflow}`, content: stdout };
    }),
  );
}

async function tables(url: string): Promise<Place[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const places: Place[] = [];
    for (const { name } of rows) {
      const found = await client.query<{ row: string }>(`select t::text as row from "${name}" t`);
      places.push({ name: `table ${name}`, content: found.rows.map(({ row }) => row).join('\n') });
    }
    return places;
  } finally {
    await client.end();
  }
}

/** As JSON and base64 have it, wherever it begins in them, and PostgreSQL's bytes in hexadecimal. */
function encodings(text: string): string[] {
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
      .toString('base64')
      .slice(before === 0 ? 0 : before + 1)
      .replace(/.?=+$/, ''),
  );
  return [text, JSON.stringify(text).slice(1, -1), Buffer.from(text).toString('hex'), ...base64];
}

/** Reads the process list again and again. `shown`: the command lines with the text in them, so far. */
export class ProcessWatch {
  readonly #lines = new Set<string>();
  #isOver = false;
  readonly #watching: Promise<void>;

  constructor() {
    this.#watching = this.#watch();
  }

  shown(text: string): string[] {
    const bytes = Buffer.from(text).toString('latin1');
    return [...this.#lines].filter((line) => line.includes(bytes));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      for (const pid of readdirSync('/proc')) if (/^\d+$/.test(pid)) this.#lines.add(commandLine(pid));
      await delay(10);
    }
  }
}
