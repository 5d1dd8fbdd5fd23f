import type { TaskView } from '../../model/task.ts';
import { collect, command } from '../command.ts';
import { badInput } from '../failure.ts';
import { out, remark } from '../print/out.ts';
import { words } from '../print/text.ts';
import { Api, taskPath } from '../server/api.ts';

/** Commands that tell a task what to do. */
export function steerCommands() {
  return [pause(), resume(), stop(), retry(), skip()];
}

function pause() {
  return steering('pause', 'start no new command of a task; what runs goes on to its end').action((name, options) =>
    tell(name, 'pause', options, undefined, `drover resume ${name}`),
  );
}

function resume() {
  return steering('resume', 'let a task go on; after a spent budget: without the failed nodes').action(
    (name, options) => tell(name, 'resume', options, undefined, `drover watch ${name}`),
  );
}

function stop() {
  return steering('stop', 'end a task after its running commands')
    .option('--kill', 'end its running commands, too')
    .action((name, options) => tell(name, 'stop', options, { kill: options.kill === true }, `drover watch ${name}`));
}

function retry() {
  return steering('retry', 'run failed nodes again, each from its failed step; of an ended task all that is not ok')
    .option('--node <node>', 'only this one; may be repeated', collect, [])
    .action((name, options) =>
      tell(name, 'retry', options, options.node.length > 0 ? { nodes: options.node } : {}, `drover watch ${name}`),
    );
}

function skip() {
  return steering('skip', 'leave nodes out; they no longer count as failures')
    .option('--node <node>', 'which one; may be repeated', collect, [])
    .action((name, options) => {
      if (options.node.length === 0) throw badInput('which nodes? Name them by --node NODE');
      return tell(name, 'skip', options, { nodes: options.node }, `drover watch ${name}`);
    });
}

function steering(name: string, description: string) {
  return command(name, description).argument('<name>', "the task's name");
}

async function tell(
  name: string,
  what: string,
  { json, server }: { json?: true | undefined; server: string },
  body: unknown,
  next: string,
): Promise<void> {
  const task = await new Api(server).send<TaskView>('POST', taskPath(name, `/${what}`), body);
  remark(`${what}: ${name} is told (now ${words(task.status)})\n  ${next}`);
  if (json) out({ json }, task, () => '');
}
