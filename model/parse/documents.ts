import * as z from 'zod';
import { KINDS, type Document } from '../catalogue/document.ts';
import { isGroupStep } from '../pool/group-actions.ts';
import { bodyOf } from '../template.ts';
import { kinds as actionKinds } from './actions.ts';
import type { ReadFile } from './local-files.ts';
import { nodeList, sshShape } from './nodes.ts';
import { goesTogether, growth } from './pool.ts';
import { Invalid, type Problem } from './problem.ts';
import { scheduleShape, withDeployParams } from './schedule.ts';
import {
  anyText,
  exactlyOne,
  mapOf,
  name as nameOf,
  object,
  optional,
  TITLE,
  TITLE_SHAPE,
  whatever,
} from './shapes.ts';
import { params, steps, templateShape, withFiles } from './template.ts';
import { parseTexts } from './text.ts';
import { type Origin, validate, withoutUndefined } from './validate.ts';

/** Checks a document of the catalogue and fills in its defaults. Takes its own output, too. Throws Invalid. */
export function parseDocument(value: unknown): Document {
  return checked(withoutUndefined(value));
}

/** The same for several; problems are told of all, with paths as `documents[2].name`. */
export function parseDocuments(values: readonly unknown[]): Document[] {
  return all(values, (value, i) => within(`documents[${i}]`, () => parseDocument(value)));
}

/** The documents in a YAML or JSON text, with the files that they name; problems name file and line. */
export function parseDocumentsText(
  text: string,
  file: string,
  { readFile }: { readFile?: ReadFile } = {},
): { document: Document; line: number }[] {
  return all(parseTexts(text, file), ({ value, origin }) => ({
    document: checked(value, origin, readFile),
    line: origin.line([]),
  }));
}

/** Each in turn, with the problems of all that are refused. */
function all<Item, Result>(items: readonly Item[], read: (item: Item, index: number) => Result): Result[] {
  const problems: Problem[] = [];
  const results = items.flatMap((item, i) => {
    try {
      return [read(item, i)];
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new Invalid(problems);
  return results;
}

function within<Result>(outer: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(
      error.problems.map((problem) => ({ ...problem, path: problem.path === '' ? outer : `${outer}.${problem.path}` })),
    );
  }
}

const title = (what: string) => nameOf(what, TITLE, TITLE_SHAPE);
const common = (what: string) => ({ name: title(`a name for the ${what}`), desc: optional(anyText) });

/** Anything that JSON can hold. */
const json = z.json();
const wholeId = z.int({ error: 'is no whole number' }).min(0);

const BODIES = [...Object.keys(actionKinds), 'implementation'];

const action = object({
  kind: z.literal('action'),
  ...common('action'),
  params: optional(params),
  implementation: optional(json),
  ...actionKinds,
})
  .refine((value) => BODIES.filter((key) => Object.hasOwn(value, key)).length <= 1, {
    when: whatever,
    error: exactlyOne(BODIES)[1].error,
    params: { expected: `at most one of ${BODIES.join(', ')}` },
  })
  .transform(({ kind, name, desc, params: declared, implementation, ...body }) => ({
    kind,
    name,
    ...(desc !== undefined && { desc }),
    ...(declared && { params: declared }),
    ...(implementation !== undefined && { implementation }),
    ...bodyOf(body),
  }));

const stepName = title('a name for the step').refine((value) => !isGroupStep(value), {
  error: 'is a step of Drover itself, which acts on the machines of a pool',
  params: { expected: 'another name' },
});

const schemas = {
  cluster: object({ kind: z.literal('cluster'), ...common('cluster'), biz: optional(anyText) }),
  service: object({
    kind: z.literal('service'),
    ...common('service'),
    cluster: title('the name of a cluster'),
    type: optional(anyText),
    image: optional(anyText),
  }),
  action,
  step: object({
    kind: z.literal('step'),
    ...common('step'),
    name: stepName,
    actions: z.array(title('the name of an action')),
  }),
  template: object({ kind: z.literal('template'), ...templateShape, steps }),
  pool: object({
    kind: z.literal('pool'),
    ...common('pool'),
    service: title('the name of a service'),
    templates: optional(mapOf(title('the name of a template'))),
    ssh: optional(object(sshShape)),
    nodes: optional(nodeList),
    opendcp: optional(
      object({ vmType: optional(wholeId), sdId: optional(wholeId), tasks: optional(z.record(z.string(), json)) }),
    ),
    ...growth,
  }).check(goesTogether),
  schedule: z.preprocess(
    withDeployParams,
    object({ kind: z.literal('schedule'), ...common('schedule'), ...scheduleShape }),
  ),
} as const;

const kind = z.looseObject({ kind: z.enum(KINDS) });

function checked(value: unknown, origin?: Origin, readFile?: ReadFile): Document {
  const { kind: which } = validate(kind, value, origin);
  return withFiles(value, schemas[which] as z.ZodType<Document>, origin, readFile);
}
