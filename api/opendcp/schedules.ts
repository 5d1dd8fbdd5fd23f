import { afterChange } from '../after-change.ts';
import type { Call } from './call.ts';
import { replied, type Reply } from './envelope.ts';
import { inWords } from './errors.ts';
import { readSent } from './exec-tasks/read.ts';
import { save } from './exec-tasks/save.ts';
import { showExecTask } from './exec-tasks/show.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './table.ts';

export const scheduleRoutes: Route[] = [
  { path: '/task/saveTask', access: 'operator', answer: saveTask },
  { path: '/task/expandList/:id', access: 'viewer', answer: (call) => show(call, 'expand') },
  { path: '/task/uploadList/:id', access: 'viewer', answer: (call) => show(call, 'deploy') },
];

/** What a pool does by the clock, and what grows with it. It takes effect at the next time, and not at once as in orion. */
async function saveTask(call: Call): Promise<Reply> {
  const sent = readSent(call.fields);
  await call.change((edit) => save(edit, sent)).catch(inWords({ invalid: ({ message }) => new Refusal(400, message) }));
  await afterChange(call.parts);
  return replied(true);
}

/** The pool's task of the type, or null. */
async function show({ catalogue, id }: Call, type: string): Promise<Reply> {
  const pool = await catalogue.pools.get(id);
  const task = (await catalogue.execTasks.of([id])).find((one) => one.type === type);
  return replied(pool && task ? await showExecTask(catalogue, task, pool) : null);
}
