import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../worker/bundle.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/histories', import.meta.url));
const histories = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

/** Histories of tasks and batches of every workflow version that shipped; see test/record. */
describe('recorded histories', () => {
  let workflowBundle: { code: string };
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    workflowBundle = await bundleWorkflows();
  }, 60_000);

  it('are of finished, paused, failed, retried, stopped and cancelled tasks', () => {
    const names = ['finished', 'lanes', 'paused', 'failed', 'retried', 'resumed', 'stopped', 'killed', 'cancelled'];
    expect(histories).toEqual(expect.arrayContaining(names.map((name) => `${name}.json`)));
  });

  it.each(histories)('%s replays', async (file) => {
    const history = read(file);
    await Worker.runReplayHistory({ workflowBundle }, history, workflowIdOf(history));
  });

  it('of a workflow that did something else do not replay', async () => {
    const history = read('finished.json');
    const other = JSON.parse(JSON.stringify(history).replaceAll('"openTask"', '"anotherActivity"')) as History;
    await expect(Worker.runReplayHistory({ workflowBundle }, other, workflowIdOf(other))).rejects.toThrow(
      /[Nn]ondeterminism|DeterminismViolation/,
    );
  });
});

interface History {
  events: { workflowExecutionStartedEventAttributes?: { workflowId: string } }[];
}

function read(file: string): History {
  return JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as History;
}

function workflowIdOf({ events: [started] }: History): string {
  return started?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
}
