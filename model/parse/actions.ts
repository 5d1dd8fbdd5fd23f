import * as z from 'zod';
import { FILE_PATH_SHAPE, isFilePath, isMode, isOwner, MODE_SHAPE, OWNER_SHAPE } from '../commands/copy.ts';
import { isTarget, isUrl, TCP_SHAPE, URL_SHAPE } from '../commands/check.ts';
import { GROUP_KINDS, isGroupStep, traitsOfGroup, type GroupAction, type GroupKind } from '../pool/group-actions.ts';
import { type Action, type ActionBody, bodyOf } from '../template.ts';
import { docker } from './docker.ts';
import {
  anyText,
  duration,
  exactlyOne,
  flag,
  given,
  listOf,
  mapOf,
  object,
  optional,
  scalar,
  shortForm,
  someDuration,
  text,
  VARIABLE,
  VARIABLE_SHAPE,
  whatever,
  wholeNumber,
  written,
} from './shapes.ts';

const commandOptions = {
  env: optional(mapOf(given, { pattern: VARIABLE, expected: VARIABLE_SHAPE })),
  cwd: optional(text),
  sudo: optional(
    scalar('true, false or the name of a user', (value) =>
      typeof value === 'boolean' || (typeof value === 'string' && value !== '') ? value : undefined,
    ),
  ),
  stdin: optional(anyText),
  idempotent: optional(flag),
  okExitCodes: optional(listOf(wholeNumber(0, 255, 'an exit code, 0 to 255'), 'a list of exit codes as [0, 2]')),
};

const shell = shortForm('run', object({ run: text, ...commandOptions }));
const script = shortForm('content', object({ content: text, args: optional(z.array(written)), ...commandOptions }));

/** Texts with placeholders are looked at once their values are known. */
function shaped(isRight: (text: string) => boolean, expected: string) {
  return scalar(expected, (value) =>
    typeof value === 'string' && value !== '' && (value.includes('{{') || isRight(value)) ? value : undefined,
  );
}

const COPY_SOURCES = ['content', 'base64', 'file'];
const copy = object({
  dest: shaped(isFilePath, FILE_PATH_SHAPE),
  content: optional(anyText),
  base64: optional(
    scalar('text in base64', (value) =>
      typeof value === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
        ? value
        : undefined,
    ),
  ),
  file: optional(
    object({
      sha256: scalar('64 hexadecimal digits', (value) =>
        typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : undefined,
      ),
      size: wholeNumber(0, Number.MAX_SAFE_INTEGER, 'a size in bytes'),
    }),
  ),
  mode: optional(shaped(isMode, MODE_SHAPE)),
  owner: optional(shaped(isOwner, OWNER_SHAPE)),
  sudo: optional(flag),
}).refine(...exactlyOne(COPY_SOURCES));

const probes = object({
  http: optional(shaped(isUrl, URL_SHAPE)),
  tcp: optional(shaped(isTarget, TCP_SHAPE)),
  shell: optional(text),
  status: optional(wholeNumber(100, 599, 'an HTTP status, 100 to 599')),
  from: optional(z.enum(['worker', 'node'])),
  within: someDuration.default(30_000),
  interval: someDuration.default(1000),
})
  .refine(...exactlyOne(['http', 'tcp', 'shell']))
  .refine((check) => check.status === undefined || check.http !== undefined, {
    when: whatever,
    path: ['status'],
    error: 'is for http only',
    params: { expected: 'no status' },
  })
  .refine((check) => check.shell === undefined || check.from !== 'worker', {
    when: whatever,
    path: ['from'],
    error: 'a shell check is run on the node',
    params: { expected: 'node' },
  });

const check = probes.transform(({ from, ...others }) => ({
  ...others,
  from: from ?? (others.shell === undefined ? ('worker' as const) : ('node' as const)),
}));

export const kinds = {
  shell: optional(shell),
  script: optional(script),
  docker: optional(docker),
  copy: optional(copy),
  check: optional(check),
  wait: optional(duration),
};

/** On the machines of a pool: what each takes, or `{}`. */
const WRITABLE = GROUP_KINDS.filter((kind) => !traitsOfGroup(kind).internal);
const groupKinds = Object.fromEntries(WRITABLE.map((kind) => [kind, optional(groupOptions(kind))]));

function groupOptions(kind: GroupKind) {
  const { options, required = [] } = traitsOfGroup(kind);
  const shape = Object.entries(options).map(([name, type]) => {
    const value = type === 'duration' ? someDuration : written;
    return [name, required.includes(name) ? value : optional(value)] as const;
  });
  return object(Object.fromEntries(shape));
}

/** An action on nodes. */
export const nodeAction = object(kinds)
  .refine(...exactlyOne(Object.keys(kinds)))
  .transform((value, context): ActionBody => {
    const body = bodyOf(value);
    if (body) return body;
    context.addIssue(nothingToDo(value));
    return z.NEVER;
  });

export const action = object({ ...kinds, ...groupKinds })
  .refine(...exactlyOne([...Object.keys(kinds), ...WRITABLE]))
  .transform((value, context): Action => {
    const body = bodyOf(value) ?? groupBody(value);
    if (body) return body;
    context.addIssue(nothingToDo(value));
    return z.NEVER;
  });

function nothingToDo(value: object) {
  return { code: 'custom', message: 'says nothing of what to do', input: value } as const;
}

function groupBody(value: object): GroupAction | undefined {
  const [given] = Object.entries(value).filter(([kind]) => isGroupStep(kind));
  return given && (Object.fromEntries([given]) as GroupAction);
}
