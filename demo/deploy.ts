import { readFile } from 'node:fs/promises';
import { follow as followTask, type Display } from '../cli/follow/follow.ts';
import { LinesDisplay } from '../cli/follow/lines.ts';
import { LiveDisplay } from '../cli/follow/live.ts';
import { Api, taskPath } from '../cli/server/api.ts';
import type { TaskHandle } from '../client/index.ts';
import { parseTemplateText } from '../model/parse/index.ts';
import { isFailure } from '../model/status.ts';
import type { TaskView } from '../model/task.ts';
import type { Stage } from './stage.ts';
import { say } from './tell.ts';

const TEMPLATE = 'examples/demo/deploy.yaml';

/** Starts the deployment of a version to all nodes. */
export async function deploy({ system, fleet }: Stage, version: string, rollout?: object): Promise<TaskHandle> {
  return system.drover.run({
    name: `web-${version}`,
    template: parseTemplateText(await readFile(TEMPLATE, 'utf8'), TEMPLATE),
    nodes: fleet.list,
    params: { version },
    ...(rollout && { rollout }),
    startedBy: 'demo',
  });
}

/** Shows the task's progress until it has ended: drawn in place on a terminal, else line by line. */
export async function follow({ system }: Stage, name: string): Promise<TaskView> {
  const api = new Api(system.url);
  const task = await api.get<TaskView>(taskPath(name));
  if (!process.stdout.isTTY) return followTask(api, name, new LinesDisplay(task, say, 'beginning'));
  const display = new LiveDisplay(task, process.stdout);
  try {
    return await followTask(api, name, withRetriesTold(display));
  } finally {
    display.close();
  }
}

/** A failed try is over in a moment, and the picture goes on: its sentence stays. */
function withRetriesTold(display: LiveDisplay): Display {
  return {
    event: (told) => {
      display.event(told);
      const { event } = told;
      if (event.kind !== 'step') return;
      const { node, step, try: nth, status, reason } = event;
      if (isFailure(status)) display.notice(`${node}: ${step} failed at try ${nth}: ${reason}`);
      if (status === 'ok' && nth > 1) display.notice(`${node}: ${step} failed before, and went well at try ${nth}.`);
    },
    live: () => display.live(),
    notice: (text) => display.notice(text),
  };
}

/** What a step printed on a node, over all its tries. */
export async function logOf({ system }: Stage, name: string, node: string, step: string): Promise<string[]> {
  const query = new URLSearchParams({ node, step });
  const response = await fetch(`${system.url}${taskPath(name, '/log')}?${query.toString()}`);
  return (await response.text()).trim().split('\n');
}
