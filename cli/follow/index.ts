import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskView } from '../../model/task.ts';
import { ENDED } from '../../model/status.ts';
import { EXIT } from '../failure.ts';
import { out, remark } from '../print/out.ts';
import { taskPath, type Api } from '../server/api.ts';
import { follow, type Display } from './follow.ts';
import { LinesDisplay } from './lines.ts';
import { summary } from './summary.ts';

const TAKEN_EVERY = 500;

export interface FollowOptions {
  json?: true | undefined;
  /** Whether what already happened is told, too, when there is no terminal to draw on. */
  from: 'beginning' | 'now';
}

/** Shows a task's progress until it ends, then how it ended; sets the exit code that says so. Ctrl-C lets the task go on. */
export async function followToEnd(api: Api, task: TaskView, options: FollowOptions): Promise<void> {
  const recorded = await taken(api, task);
  const end = ENDED.includes(recorded.status) ? recorded : await shown(api, recorded, options);
  remark(`\n${await summary(api, end)}`);
  if (options.json) out(options, end, () => '');
  process.exitCode = exitCodeOf(end);
}

/** Until a worker has taken the task up, nothing is known of it. */
async function taken(api: Api, task: TaskView): Promise<TaskView> {
  if (task.id !== '') return task;
  remark(`${task.name}: ${task.reason}`);
  for (;;) {
    const now = await api.get<TaskView>(taskPath(task.name));
    if (now.id !== '' || ENDED.includes(now.status)) return now;
    await sleep(TAKEN_EVERY);
  }
}

function exitCodeOf({ status }: TaskView): number {
  if (status === 'ok') return EXIT.ok;
  return status === 'failed' ? EXIT.taskFailed : EXIT.stopped;
}

async function shown(api: Api, task: TaskView, { from }: FollowOptions): Promise<TaskView> {
  const { display, close } = await displayFor(task, from);
  const detach = () => {
    close();
    remark(`\n${task.name} goes on without you:\n  drover watch ${task.name}\n  drover stop ${task.name}`);
    // Die of the signal, so that a script that called us ends, too.
    process.removeListener('SIGINT', detach);
    process.kill(process.pid, 'SIGINT');
  };
  process.on('SIGINT', detach);
  try {
    return await follow(api, task.name, display);
  } finally {
    process.removeListener('SIGINT', detach);
    close();
  }
}

async function displayFor(task: TaskView, from: 'beginning' | 'now'): Promise<{ display: Display; close: () => void }> {
  if (!process.stderr.isTTY) return { display: new LinesDisplay(task, remark, from), close: () => undefined };
  const { LiveDisplay } = await import('./live.ts');
  const display = new LiveDisplay(task, process.stderr);
  return { display, close: () => display.close() };
}
