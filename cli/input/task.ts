import { randomInt } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { checkTask } from '../../model/parse/index.ts';
import type { TaskSpec } from '../../model/task.ts';
import { readTemplate, type Upload } from './files.ts';
import { readNodes } from './nodes.ts';
import { readParams } from './params.ts';
import { Problems } from './problems.ts';
import { readRollout, type RolloutOptions } from './rollout.ts';

export interface TaskOptions extends RolloutOptions {
  nodes: string;
  param: string[];
  name?: string | undefined;
}

/** The task that the command line describes, checked whole. Throws Invalid with the problems of all its parts. */
export function readTask(templateFile: string, options: TaskOptions): { task: TaskSpec; uploads: Upload[] } {
  const problems = new Problems();
  const read = problems.take(() => readTemplate(templateFile));
  const nodes = problems.take(() => readNodes(options.nodes));
  const params = readParams(options.param, problems);
  const rollout = readRollout(options, problems);
  problems.throwIfAny();
  if (!read || !nodes) throw new Error('a part is missing, though it has no problem');
  const task: TaskSpec = {
    name: options.name ?? newName(read.template.name),
    template: read.template,
    nodes,
    params,
    ...(rollout && { rollout }),
    startedBy: `${userInfo().username}@${hostname()}`,
  };
  checkTask(task);
  return { task, uploads: read.uploads };
}

/** The template's name, the time, and three letters so that two made in one minute differ. */
export function newName(template: string, now = new Date()): string {
  const time = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes()].map((n) =>
    String(n).padStart(2, '0'),
  );
  const letters = Array.from({ length: 3 }, () => 'abcdefghijkmnpqrstuvwxyz'.charAt(randomInt(24)));
  return `${template.slice(0, 80)}-${time.slice(0, 2).join('')}-${time.slice(2).join('')}-${letters.join('')}`;
}
