import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { processesWith } from './support/processes.ts';

describe('the demo', () => {
  let said: string;
  let code: unknown;

  beforeAll(async () => {
    const program = fileURLToPath(new URL('../scripts/demo.mjs', import.meta.url));
    const demo = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(demo, 'exit');
    said = await text(demo.stdout);
    [code] = (await exited) as [number | null];
  });

  test('ends well', () => {
    expect(code).toBe(0);
    expect(said).toContain('web-2.0.0 is ok: 12 of 12 nodes in 4 batches');
  });

  test('brings every web server from the old version to the new one', () => {
    expect(said.match(/web-\d\d +http:\S+ +1\.0\.0 +2\.0\.0$/gm)).toHaveLength(12);
  });

  test('shows a node that fails at its first try and succeeds at the next', () => {
    expect(said).toMatch(/web-07: start failed/);
    expect(said).toMatch(/web-07: start ok, try 2/);
  });

  test('leaves nothing behind', () => {
    const [folder = ''] = /\S*drover-demo-\w+/.exec(said) ?? [];
    expect(folder).not.toBe('');
    expect(existsSync(folder)).toBe(false);
    expect(processesWith(folder)).toEqual([]);
  });
});
