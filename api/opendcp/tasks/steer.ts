import { NoSuchTask, NotRunning } from '../../../client/errors.ts';
import { taskState } from '../../../model/opendcp/states.ts';
import { ENDED, type TaskStatus } from '../../../model/status.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import { recorded } from '../../access/recorded.ts';
import type { TaskHandle } from '../../parts.ts';
import { untilClosed, untilStatus } from '../../until.ts';
import type { Call } from '../call.ts';
import { DONE, type Reply } from '../envelope.ts';
import { Refusal } from '../refusal.ts';
import { statusOf, titleOf } from './views.ts';

/** Goes on with a paused task, or runs again what of an ended one is not ok. Of one that succeeded nothing is left to run. */
export async function startTask(call: Call): Promise<Reply> {
  const { task, status } = await find(call);
  const flow = `start task ${task.seq} fails： Flow ${titleOf(task)}`;
  if (status === 'running' || status === 'stopping')
    throw new Refusal(400, `${flow} is in state running: 1 do not start`);
  if (status === 'ok' || status === 'pending') return DONE;
  const refusal = `${flow} already finished`;
  if (status === 'paused') {
    await told(call, { task, status, what: 'resume', tell: (handle) => handle.resume(), refusal });
  } else {
    await untilClosed(call.parts, task.name);
    await told(call, { task, status, what: 'retry', tell: (handle) => handle.retry(), refusal });
  }
  await untilStatus(call.parts, task.name, (now) => now !== 'paused' && !ENDED.includes(now));
  return DONE;
}

/** What runs goes on to its end; nothing else begins. */
export async function pauseTask(call: Call): Promise<Reply> {
  const { task, status } = await find(call);
  const refusal = `pause task ${task.seq} fails: Flow ${titleOf(task)} is not running`;
  if (status !== 'running') throw new Refusal(400, refusal);
  await told(call, { task, status, what: 'pause', tell: (handle) => handle.pause(), refusal });
  await untilStatus(call.parts, task.name, (now) => now !== 'running');
  return DONE;
}

/** What runs goes on to its end, and then the task is over. */
export async function stopTask(call: Call): Promise<Reply> {
  const { task, status } = await find(call);
  const refusal = `stop task ${task.seq} fails: Flow ${titleOf(task)} already finished`;
  if ([2, 3].includes(taskState(status, { ok: 0 }))) throw new Refusal(400, refusal);
  await told(call, { task, status, what: 'stop', tell: (handle) => handle.stop(), refusal });
  await untilStatus(call.parts, task.name, (now) => now === 'stopping' || ENDED.includes(now));
  return DONE;
}

async function find(call: Call): Promise<{ task: TaskRow; status: TaskStatus }> {
  const { id } = call;
  const task = await call.parts.store.tasks.bySeq(id);
  if (!task) throw new Refusal(400, `flow not found id: ${id}`);
  return { task, status: await statusOf(call, task) };
}

interface Steering {
  task: TaskRow;
  status: TaskStatus;
  what: 'resume' | 'retry' | 'pause' | 'stop';
  tell: (handle: TaskHandle) => Promise<void>;
  /** What is answered when the task ended meanwhile. */
  refusal: string;
}

async function told(call: Call, { task, status, what, tell, refusal }: Steering): Promise<void> {
  const asked = { action: `task.${what}`, kind: 'task', name: task.name, before: { status }, after: {} };
  try {
    await recorded(call.parts, call, asked, () => tell(call.parts.drover.task(task.name)));
  } catch (error) {
    if (error instanceof NotRunning || error instanceof NoSuchTask) throw new Refusal(400, refusal);
    throw error;
  }
}
