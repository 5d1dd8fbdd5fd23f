import { randomUUID } from 'node:crypto';

import { DEFAULT_ROLLOUT } from '../../model/rollout.ts';
import type { Step, Template } from '../../model/template.ts';
import type { JobRef } from '../../store/jobs.ts';
import type { Store } from '../../store/store.ts';
import type { NewTask, TaskRow } from '../../store/tasks.ts';

function step(name: string, onError: Step['onError'] = 'fail'): Step {
  return { name, actions: [{ shell: { run: 'true' } }], timeout: 1000, retry: { times: 0, delay: 0 }, onError };
}

/** Its second step, `tidy`, may fail. */
const template: Template = {
  name: 'web',
  params: {},
  steps: [step('pull'), step('tidy', 'ignore'), step('start')],
};

export function newTask(changes: Partial<NewTask> = {}): NewTask {
  const name = `task-${randomUUID()}`;
  return {
    ...{ name, kind: 'run', pool: null, template, params: { tag: '1.4.2' }, rollout: DEFAULT_ROLLOUT, digest: 'abc' },
    ...{ startedBy: 'ann', nodesTotal: 3, workflowId: name, runId: null },
    ...changes,
  };
}

/** A task with nodes node-0, node-1, … */
export async function taskWithNodes(store: Store, count: number, changes: Partial<NewTask> = {}): Promise<TaskRow> {
  const { task } = await store.tasks.create(newTask({ nodesTotal: count, ...changes }));
  await store.tasks.addNodes(
    task.id,
    0,
    Array.from({ length: count }, (_, no) => ({ name: `node-${no}`, address: `192.0.2.${no % 250}` })),
  );
  return task;
}

export function stepRef(taskId: string, no: number, index: number, tried = 1) {
  return { taskId, no, step: index, try: tried };
}

export function jobRef(taskId: string, no: number, index = 0, tried = 1, action = 0): JobRef {
  return { taskId, no, step: index, try: tried, action };
}

export const ok = { status: 'ok', exitCode: 0, reason: '' } as const;
export const failed = { status: 'failed', exitCode: 2, reason: 'exit code 2' } as const;
export const cancelled = { status: 'cancelled', exitCode: null, reason: 'killed; the node confirmed it' } as const;
