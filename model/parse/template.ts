import * as z from 'zod';
import { PARAM_NAME } from '../placeholder.ts';
import type { Template } from '../template.ts';
import { action } from './actions.ts';
import { type ReadFile, withLocalFiles } from './local-files.ts';
import { Invalid } from './problem.ts';
import { rollout } from './rollout.ts';
import {
  anyText,
  distinctNames,
  duration,
  flag,
  given,
  listOf,
  mapOf,
  name,
  NAME,
  NAME_SHAPE,
  object,
  optional,
  someDuration,
  wholeNumber,
} from './shapes.ts';
import { parseText } from './text.ts';
import { located, type Origin, validate, withoutUndefined } from './validate.ts';

/** Checks a template and fills in its defaults. Takes its own output, too. Throws Invalid with every problem. */
export function parseTemplate(value: unknown): Template {
  return checked(withoutUndefined(value));
}

/** The same from YAML or JSON; problems name file and line. Files that the template names are read by `readFile`. */
export function parseTemplateText(text: string, file: string, { readFile }: { readFile?: ReadFile } = {}): Template {
  const { value, origin } = parseText(text, file);
  return checked(value, origin, readFile);
}

function checked(value: unknown, origin?: Origin, readFile?: ReadFile): Template {
  const { value: complete, findings } = withLocalFiles(value, readFile);
  const problems = findings.map((finding) => located(finding, origin));
  try {
    const template = validate(schema, complete, origin);
    if (problems.length === 0) return template;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    problems.push(...error.problems);
  }
  throw new Invalid(problems);
}

const param = object({
  description: optional(anyText),
  required: optional(flag),
  default: optional(given),
  raw: optional(flag),
});

const step = object({
  name: name('a name for the step', NAME, NAME_SHAPE),
  actions: listOf(action, 'one action at least'),
  timeout: someDuration.default(3_600_000),
  retry: object({
    times: wholeNumber(0, 1000, 'how many more tries, 0 to 1000').default(0),
    delay: duration.default(5000),
  }).prefault({}),
  onError: z.enum(['fail', 'ignore']).default('fail'),
});

const steps = listOf(step, 'one step at least').check(distinctNames('a name of its own', 'name'));

const schema = object({
  name: name('a name for the template', NAME, NAME_SHAPE),
  description: optional(anyText),
  params: mapOf(param, {
    pattern: PARAM_NAME,
    expected: '1-100 letters, digits, _ or -, beginning with a letter or _',
  }).default({}),
  steps,
  rollout: optional(rollout),
});
