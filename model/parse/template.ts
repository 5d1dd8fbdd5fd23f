import * as z from 'zod';
import { PARAM_NAME } from '../placeholder.ts';
import { isGroupAction, type Step, type TemplateSpec, type UseStep } from '../template.ts';
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
  object,
  optional,
  someDuration,
  TITLE,
  TITLE_SHAPE,
  whatever,
  wholeNumber,
} from './shapes.ts';
import { parseText } from './text.ts';
import { located, type Origin, validate, withoutUndefined } from './validate.ts';

/** Checks a template and fills in its defaults. Takes its own output, too. Throws Invalid with every problem. */
export function parseTemplate(value: unknown): TemplateSpec {
  return checked(withoutUndefined(value));
}

/** The same from YAML or JSON; problems name file and line. Files that the template names are read by `readFile`. */
export function parseTemplateText(
  text: string,
  file: string,
  { readFile }: { readFile?: ReadFile } = {},
): TemplateSpec {
  const { value, origin } = parseText(text, file);
  return checked(value, origin, readFile);
}

function checked(value: unknown, origin?: Origin, readFile?: ReadFile): TemplateSpec {
  return withFiles(value, schema, origin, readFile);
}

/** Checks what may name local files, which are read first. */
export function withFiles<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  origin?: Origin,
  readFile?: ReadFile,
): z.output<Schema> {
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

export const param = object({
  description: optional(anyText),
  type: optional(anyText),
  required: optional(flag),
  default: optional(given),
  raw: optional(flag),
});

export const params = mapOf(param, {
  pattern: PARAM_NAME,
  expected: '1-100 letters, digits, _ or -, beginning with a letter or _',
});

const stepOptions = {
  timeout: someDuration.default(3_600_000),
  retry: object({
    times: wholeNumber(0, 1000, 'how many more tries, 0 to 1000').default(0),
    delay: duration.default(5000),
  }).prefault({}),
  onError: z.enum(['fail', 'ignore']).default('fail'),
};

const stepName = name('a name for the step', TITLE, TITLE_SHAPE);
const stepParams = optional(mapOf(given));
const ownStep = object({
  name: stepName,
  params: stepParams,
  actions: listOf(action, 'one action at least').refine(
    (actions) => actions.length === 1 || !actions.some(isGroupAction),
    {
      error: 'has an action on the machines of a pool among others',
      params: { expected: 'a step of its own for each of those' },
    },
  ),
  ...stepOptions,
});
const useStep = object({ name: optional(stepName), use: stepName, params: stepParams, ...stepOptions });

/** A step that says what to do, or takes it from the catalogue; its name is that of the step used, then. */
const step = z.unknown().transform((value, context): Step | UseStep => {
  const isUse = typeof value === 'object' && value !== null && 'use' in value;
  const result = (isUse ? useStep : ownStep).safeParse(value, { reportInput: true });
  if (!result.success) {
    for (const issue of result.error.issues)
      context.issues.push({ ...issue, input: issue.input } as z.core.$ZodRawIssue);
    return value as Step; // as it came, so that what looks at the whole list finds it
  }
  const { data } = result;
  return 'use' in data ? { ...data, name: data.name ?? data.use } : data;
});

export const steps = z.array(step).check(distinctNames('a name of its own', 'name'));

export const templateShape = {
  name: name('a name for the template', TITLE, TITLE_SHAPE),
  description: optional(anyText),
  params: params.default({}),
  steps: steps.refine((items) => items.length > 0, {
    when: whatever,
    error: 'is empty',
    params: { expected: 'one step at least' },
  }),
  rollout: optional(rollout),
};

const schema = object(templateShape);
