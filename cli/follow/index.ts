import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskView } from '../../model/task.ts';
import { ENDED } from '../../model/status.ts';
import { EXIT } from '../failure.ts';
import { out, remark } from '../print/out.ts';
import { plain } from '../print/text.ts';
import { taskPath, type Api } from '../server/api.ts';
import { follow, type Display } from './follow.ts';
import { LinesDisplay } from './lines.ts';
import { summary } from './summary.ts';

const ASKED_EVERY = 500;

/** How a task ends that was not to wait for its pool. */
const BUSY = /^pool .* is busy/;

export interface FollowOptions {
  json?: true | undefined;
  /** Whether what already happened is told, too, when there is no terminal to draw on. */
  from: 'beginning' | 'now';
}

/** Shows a task's progress until it ends, then how it ended; sets the exit code that says so. Ctrl-C lets the task go on. */
export async function followToEnd(api: Api, task: TaskView, options: FollowOptions): Promise<void> {
  const begun = await goingOnWithout(
    task,
    () => undefined,
    () => begins(api, task),
  );
  const end = ENDED.includes(begun.status) ? begun : await shown(api, begun, options);
  remark(`\n${await summary(api, end)}`);
  if (options.json) out(options, end, () => '');
  process.exitCode = exitCodeOf(end);
}

/** Until a worker has taken the task up, and the task has its turn with its pool, nothing is known of its nodes. */
async function begins(api: Api, task: TaskView): Promise<TaskView> {
  let told = '';
  for (let now = task; ; now = await api.get<TaskView>(taskPath(task.name))) {
    if (now.status !== 'pending' || (now.id !== '' && now.nodes.total > 0)) return now;
    if (now.reason !== told) remark(`${now.name}: ${plain(now.reason)}`);
    told = now.reason;
    await sleep(ASKED_EVERY);
  }
}

function exitCodeOf({ status, startedAt, reason }: TaskView): number {
  if (status === 'ok') return EXIT.ok;
  if (status === 'failed') return EXIT.taskFailed;
  return startedAt === null && BUSY.test(reason) ? EXIT.busy : EXIT.stopped;
}

async function shown(api: Api, task: TaskView, { from }: FollowOptions): Promise<TaskView> {
  const { display, close } = await displayFor(task, from);
  return await goingOnWithout(task, close, () => follow(api, task.name, display)).finally(close);
}

/** While it works, Ctrl-C ends the command, and not the task. */
async function goingOnWithout<Result>(
  { name }: TaskView,
  close: () => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const detach = () => {
    close();
    remark(`\n${name} goes on without you:\n  drover watch ${name}\n  drover stop ${name}`);
    // Die of the signal, so that a script that called us ends, too.
    process.removeListener('SIGINT', detach);
    process.kill(process.pid, 'SIGINT');
  };
  process.on('SIGINT', detach);
  try {
    return await work();
  } finally {
    process.removeListener('SIGINT', detach);
  }
}

async function displayFor(task: TaskView, from: 'beginning' | 'now'): Promise<{ display: Display; close: () => void }> {
  if (!process.stderr.isTTY) return { display: new LinesDisplay(task, remark, from), close: () => undefined };
  const { LiveDisplay } = await import('./live.ts');
  const display = new LiveDisplay(task, process.stderr);
  return { display, close: () => display.close() };
}
