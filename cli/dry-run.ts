import type { GroupOptions } from '../model/pool/group-actions.ts';
import { actionScope, render, scopeOf, type Rendered } from '../model/render.ts';
import { DEFAULT_ROLLOUT, mergeRollout, planBatches, type Rollout } from '../model/rollout.ts';
import type { TaskSpec } from '../model/task.ts';
import { kindOf, type Action, type CopyAction, type Step } from '../model/template.ts';
import { duration } from './print/time.ts';
import { nodes as nodesText } from './print/counts.ts';

/** What a task would do, without doing it. */
export interface Plan {
  name: string;
  template: string;
  nodes: number;
  rollout: Rollout;
  batches: { batch: number; nodes: string[] }[];
  steps: {
    name: string;
    timeout: number;
    retry: { times: number; delay: number };
    onError: string;
    actions: PlannedAction[];
  }[];
}

export interface PlannedAction {
  kind: string;
  /** As on the first node, secrets as `secret:NAME`. */
  display: string;
  /** Nodes where it comes to something else. */
  differsOn: string[];
}

export function plan(task: TaskSpec): Plan {
  const rollout = mergeRollout(DEFAULT_ROLLOUT, task.template.rollout, task.rollout);
  return {
    name: task.name,
    template: task.template.name,
    nodes: task.nodes.length,
    rollout,
    batches: batchesOf(task, rollout),
    steps: task.template.steps.map((step) => {
      const { name, timeout, retry, onError, actions } = step;
      return { name, timeout, retry, onError, actions: actions.map((action) => planned(task, step, action)) };
    }),
  };
}

function batchesOf({ nodes }: TaskSpec, rollout: Rollout): Plan['batches'] {
  let from = 0;
  return planBatches(rollout, nodes.length).map((size, index) => {
    const names = nodes.slice(from, from + size).map(({ name }) => name);
    from += size;
    return { batch: index + 1, nodes: names };
  });
}

function planned(task: TaskSpec, step: Step, action: Action): PlannedAction {
  const [first, ...others] = task.nodes.map((node) => ({
    name: node.name,
    display: displayOf(render(action, actionScope(scopeOf(task, node), step, action))),
  }));
  return {
    kind: kindOf(action),
    display: first?.display ?? '',
    differsOn: others.filter(({ display }) => display !== first?.display).map(({ name }) => name),
  };
}

function displayOf(rendered: Rendered): string {
  switch (rendered.kind) {
    case 'command':
      return rendered.display;
    case 'copy':
      return `copy ${sourceOf(rendered.copy)} to ${rendered.copy.dest}${optionsOf(rendered.copy)}`;
    case 'probe':
      return `from the worker: ${rendered.http ?? `tcp ${rendered.tcp ?? ''}`} within ${duration(rendered.within)}`;
    case 'wait':
      return `wait ${duration(rendered.ms)}`;
    case 'group':
      return groupText(rendered.group, rendered.options);
  }
}

function groupText(group: string, options: GroupOptions): string {
  const said = Object.entries(options).map(
    ([name, value]) => ` ${name} ${typeof value === 'number' ? duration(value) : value}`,
  );
  return `all of the batch at once: ${group}${said.join(',')}`;
}

function sourceOf({ content, base64, file }: CopyAction): string {
  if (file) return `a file of ${file.size} bytes (SHA-256 ${file.sha256.slice(0, 12)}…)`;
  const bytes = base64 === undefined ? Buffer.byteLength(content ?? '') : Buffer.byteLength(base64, 'base64');
  return `${bytes} bytes`;
}

function optionsOf({ mode, owner, sudo }: CopyAction): string {
  const options = [mode && `mode ${mode}`, owner && `owner ${owner}`, sudo && 'by sudo'].filter(Boolean);
  return options.length > 0 ? ` (${options.join(', ')})` : '';
}

export function planText(plan: Plan): string {
  return [
    `${plan.template} on ${nodesText(plan.nodes)}, nothing is started`,
    '',
    'Batches:',
    ...plan.batches.map(({ batch, nodes }) => `  ${batch}: ${nodesText(nodes.length)}: ${some(nodes)}`),
    '',
    `Commands${plan.nodes > 1 ? `, as on ${plan.batches[0]?.nodes[0] ?? ''}` : ''}:`,
    ...plan.steps.flatMap((step) => [`  ${step.name}${remarks(step)}`, ...step.actions.flatMap(actionLines)]),
  ].join('\n');
}

function remarks({ timeout, retry, onError }: Plan['steps'][number]): string {
  const tries = retry.times > 0 ? [`up to ${retry.times + 1} tries, ${duration(retry.delay)} apart`] : [];
  const limit = timeout > 0 ? [`timeout ${duration(timeout)}`] : [];
  const about = [...limit, ...tries, ...(onError === 'ignore' ? ['failures are ignored'] : [])];
  return about.length > 0 ? ` (${about.join('; ')})` : '';
}

function actionLines({ kind, display, differsOn }: PlannedAction): string[] {
  const differs = differsOn.length > 0 ? [`      differs on ${nodesText(differsOn.length)}: ${some(differsOn)}`] : [];
  return [
    `    ${kind}:`,
    ...display
      .trimEnd()
      .split('\n')
      .map((line) => `      ${line}`),
    ...differs,
  ];
}

/** Names, but not a thousand of them. */
function some(names: string[], most = 20): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')}, … ${names.length - most} more`;
}
