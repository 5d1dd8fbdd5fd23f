import type { TaskView } from '../model/task.ts';
import { failures } from '../model/status.ts';
import type { Stage } from './stage.ts';
import type { Versions } from './web-servers.ts';

export function say(...lines: string[]): void {
  for (const line of lines) console.log(line);
}

export function introduce({ system }: Stage, started: number): void {
  say(
    `Ready after ${((Date.now() - started) / 1000).toFixed(1)} s.`,
    '',
    `  Temporal's web UI  ${system.temporalUi ?? 'where your Temporal has it'}`,
    `  HTTP API           ${system.url}/api/v1/tasks`,
    '',
    'First version 1.0.0 goes to all nodes at once, so that there is something to replace …',
  );
}

export function sayVersions(versions: Versions): void {
  const distinct = [...new Set(versions.values())].map((version) => version ?? 'nothing');
  say(
    `Every node's web server was asked over HTTP: ${distinct.join(', ')} on ${versions.size} nodes.`,
    '',
    'Now version 2.0.0, rolling: one node first, then four at a time, each batch checked before the next.',
    'web-07 is slow to stop: its port is still taken at the first try to start, and free at the next.',
    '',
  );
}

interface Played {
  task: TaskView;
  before: Versions;
  after: Versions;
  /** What the slow node's start printed. */
  log: string[];
  keep: boolean;
}

export function summarize(stage: Stage, { task, before, after, log, keep }: Played): void {
  say(
    '',
    `${task.name} is ${task.status}: ${task.nodes.ok} of ${task.nodes.total} nodes in ${task.batches.done} batches, ${failures(task.nodes)} failed.`,
    '',
    '  node     web server               before   after',
    ...[...after].map(
      ([node, version]) =>
        `  ${node.name}   ${node.url.padEnd(23)}  ${(before.get(node) ?? '–').padEnd(7)}  ${version ?? '–'}`,
    ),
    '',
    'The log of starting the server on web-07:',
    ...log.map((line) => `  ${line}`),
    '',
    ...(keep ? whileItIsUp(stage, task.name) : whatToDoNext()),
  );
}

function whileItIsUp({ system, nodesFile }: Stage, name: string): string[] {
  const server = system.url === 'http://127.0.0.1:7610' ? '' : ` --server ${system.url}`;
  return [
    `Everything stays up until Ctrl-C. Look at the two tasks in Temporal's web UI: ${system.temporalUi ?? ''}`,
    'and type, in another terminal:',
    '',
    `  bin/drover show ${name} --nodes${server}`,
    `  bin/drover logs ${name} --node web-07${server}`,
    `  bin/drover run examples/demo/deploy.yaml --nodes ${nodesFile} --param version=3.0.0 --name web-3.0.0${server}`,
    `  bin/drover pause web-3.0.0${server}`,
    `  bin/drover rollout web-3.0.0 --batch 2${server}`,
    `  bin/drover resume web-3.0.0${server}`,
  ];
}

function whatToDoNext(): string[] {
  return [
    'Look at the template: examples/demo/deploy.yaml. Then type',
    '',
    "  npm run demo -- --keep   the same, and stays up: look at it in Temporal's web UI, deploy again, pause",
    '  bin/drover dev           the system for your own machines: see README.md',
  ];
}
