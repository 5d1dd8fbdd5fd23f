import type { Json } from '../json.ts';
import { nodeAction } from '../parse/actions.ts';
import { Invalid } from '../parse/problem.ts';
import { param } from '../parse/template.ts';
import { validate } from '../parse/validate.ts';
import { PARAM_NAME } from '../placeholder.ts';
import type { ActionBody, ParamSpec } from '../template.ts';

type JsonObject = Record<string, Json>;

/**
 * What an implementation of type `ansible` does. OpenDCP's modules are `shell` (`args`: one command line) and `longscript`
 * (`content`: a bash file run on the node); an action in Drover's own form is taken, too.
 */
export function actionOf(template: JsonObject | null): ActionBody | { problem: string } {
  if (template === null) return { problem: 'its implementation is empty' };
  const { action: opendcp } = template;
  if (opendcp === undefined) return ownForm(template);
  if (!isObject(opendcp)) return { problem: 'its implementation has no action' };
  const { module, args, content } = opendcp;
  if (module === 'shell') return typeof args === 'string' && args !== '' ? { shell: { run: args } } : missing('args');
  if (module === 'longscript')
    return typeof content === 'string' && content !== ''
      ? { script: { content: asBash(content) } }
      : missing('content');
  return {
    problem: `module ${JSON.stringify(module ?? null)} is not known here; shell and longscript are, and an action in Drover's own form`,
  };
}

/** How an action is kept: in the form that OpenDCP's clients know, where there is one. */
export function implementationOf(body: ActionBody): JsonObject {
  if ('shell' in body && Object.keys(body.shell).length === 1)
    return { action: { module: 'shell', args: body.shell.run } };
  if ('script' in body && Object.keys(body.script).length === 1 && body.script.content.startsWith('#!/bin/bash\n'))
    return { action: { module: 'longscript', content: body.script.content } };
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

/** Declared parameters: OpenDCP's `{"port": "integer"}`, or with more to say as `{"port": {"type": "integer", "raw": true}}`. */
export function paramsOf(params: JsonObject | null): Record<string, ParamSpec> {
  const declared = Object.entries(params ?? {}).filter(([name]) => PARAM_NAME.test(name));
  return Object.fromEntries(declared.map(([name, value]) => [name, paramOf(value)]));
}

function paramOf(value: Json): ParamSpec {
  if (typeof value === 'string') return value === '' ? {} : { type: value };
  const { success, data } = param.safeParse(value);
  return success ? data : {};
}

function ownForm(template: JsonObject): ActionBody | { problem: string } {
  try {
    return validate(nodeAction, template);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return {
      problem: `its implementation is none of OpenDCP's nor of Drover's: ${error.message.split('\n')[0] ?? ''}`,
    };
  }
}

function missing(key: string): { problem: string } {
  return { problem: `its implementation has no text in ${key}` };
}

/** OpenDCP runs every longscript by bash, with or without a first line that says so. */
function asBash(content: string): string {
  return content.startsWith('#!') ? content : `#!/bin/bash\n${content}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
