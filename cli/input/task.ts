import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Node } from '../../model/node.ts';
import { checkTask, Invalid } from '../../model/parse/index.ts';
import { isComplete } from '../../model/resolve.ts';
import type { RolloutSpec } from '../../model/rollout.ts';
import { slug } from '../../model/task-name.ts';
import type { TaskSpec } from '../../model/task.ts';
import type { TemplateSpec } from '../../model/template.ts';
import { readTemplate, type Upload } from './files.ts';
import { readNodes } from './nodes.ts';
import { readParams } from './params.ts';
import { Problems } from './problems.ts';
import { readRollout, type RolloutOptions } from './rollout.ts';

export interface TaskOptions extends RolloutOptions {
  nodes?: string | undefined;
  pool?: string | undefined;
  param: string[];
  name?: string | undefined;
}

/** What is sent to start a task: a template or the name of one of the catalogue; nodes, a pool, or some nodes of a pool. */
export interface Submission {
  name: string;
  template?: TemplateSpec;
  templateName?: string;
  /** With `pool`: names of its nodes. */
  nodes?: Node[] | string[];
  pool?: string;
  params: Record<string, string>;
  rollout?: RolloutSpec;
  startedBy: string;
}

export interface TaskToStart {
  submission: Submission;
  uploads: Upload[];
  /** The task, checked whole, when nothing of it has to be looked up in the catalogue. */
  complete?: TaskSpec;
}

/**
 * The task that the command line describes, checked as far as that goes without the catalogue. Throws Invalid with the
 * problems of all its parts.
 */
export function readTask(template: string, options: TaskOptions): TaskToStart {
  const problems = new Problems();
  const read = isTemplateFile(template) ? problems.take(() => readTemplate(template)) : undefined;
  const where = problems.take(() => readWhere(options));
  const params = readParams(options.param, problems);
  const rollout = readRollout(options, problems);
  problems.throwIfAny();
  const submission: Submission = {
    name: options.name ?? newName(read?.template.name ?? template.replace(/@\d+$/, '')),
    ...(read ? { template: read.template } : { templateName: template }),
    ...where,
    params,
    ...(rollout && { rollout }),
    startedBy: `${userInfo().username}@${hostname()}`,
  };
  const complete = completeOf(submission);
  if (complete) checkTask(complete);
  return { submission, uploads: read?.uploads ?? [], ...(complete && { complete }) };
}

/** What looks like a path, or is there as a file, is one; else it is a template of the catalogue. */
function isTemplateFile(text: string): boolean {
  return (
    text.includes('/') || /\.(ya?ml|json)$/.test(text) || statSync(text, { throwIfNoEntry: false })?.isFile() === true
  );
}

function readWhere({ nodes, pool }: TaskOptions): { nodes?: Node[] | string[]; pool?: string } {
  if (pool !== undefined) return { pool, ...(nodes !== undefined && { nodes: namesOf(nodes) }) };
  if (nodes !== undefined) return { nodes: readNodes(nodes) };
  const expected = '--nodes FILE|HOSTS, or --pool NAME for the nodes of a pool';
  throw new Invalid([{ path: '', message: 'on which nodes?', expected }]);
}

function namesOf(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}

function completeOf({ template, templateName, nodes, pool, ...others }: Submission): TaskSpec | undefined {
  if (!template || !isComplete(template) || pool !== undefined || templateName !== undefined) return undefined;
  return { ...others, template, nodes: nodes as Node[] };
}

/** The template's name, the time, and three letters so that two made in one minute differ. */
export function newName(template: string, now = new Date()): string {
  const time = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes()].map((n) =>
    String(n).padStart(2, '0'),
  );
  const letters = Array.from({ length: 3 }, () => 'abcdefghijkmnpqrstuvwxyz'.charAt(randomInt(24)));
  return `${slug(template).slice(0, 80)}-${time.slice(0, 2).join('')}-${time.slice(2).join('')}-${letters.join('')}`;
}
