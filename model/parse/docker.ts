import * as z from 'zod';
import { milliseconds } from '../duration.ts';
import { isPublishedPort, PORT_SHAPE } from '../ports.ts';
import type { DockerAction } from '../template.ts';
import {
  exactlyOne,
  flag,
  given,
  listOf,
  mapOf,
  object,
  optional,
  scalar,
  shortForm,
  text,
  whatever,
  written,
  writtenText,
} from './shapes.ts';

const word = scalar('text', (value) => writtenText(value) || undefined);
const words = z.array(written);
const env = mapOf(given, { pattern: /^[^=\s]+$/, expected: 'the name of a variable, without = and blanks' });

/** What docker counts in seconds. A number is seconds here, as it is to docker. */
const seconds = scalar('whole seconds, as 10 or 30s', (value) => {
  const count = typeof value === 'number' ? value : (milliseconds(value) ?? -1) / 1000;
  return Number.isInteger(count) && count >= 0 ? count : undefined;
});

const ports = z.array(
  scalar(PORT_SHAPE, (value) => {
    const port = writtenText(value);
    return port !== undefined && (port.includes('{{') || isPublishedPort(port)) ? port : undefined;
  }),
);

const run = object({
  name: optional(text),
  image: text,
  replace: optional(flag),
  ports: optional(ports),
  env: optional(env),
  volumes: optional(words),
  labels: optional(mapOf(written)),
  network: optional(text),
  restart: optional(text),
  user: optional(word),
  workdir: optional(text),
  entrypoint: optional(text),
  hostname: optional(text),
  memory: optional(word),
  cpus: optional(word),
  privileged: optional(flag),
  detach: optional(flag),
  rm: optional(flag),
  pull: optional(z.enum(['always', 'missing', 'never'])),
  options: optional(words),
  command: optional(words),
}).refine((value) => value.replace !== true || value.name !== undefined, {
  when: whatever,
  path: ['replace'],
  error: 'needs a name',
  params: { expected: 'name: the name of the container to remove first' },
});

const exec = object({
  name: text,
  command: listOf(written, 'a command with its arguments as ["nginx", "-s", "reload"]'),
  user: optional(word),
  workdir: optional(text),
  env: optional(env),
});

const login = object({
  registry: optional(text),
  username: text,
  password: text.refine((value) => value.includes('{{') || value.startsWith('secret:'), {
    error: 'is written out',
    params: { expected: 'a secret: secret:NAME, or {{name}} of a parameter with such a value' },
  }),
});

const prune = z.preprocess(
  (value) => (value === true ? {} : value),
  object({ all: optional(flag), volumes: optional(flag), until: optional(word) }).refine(
    ({ volumes, until }) => volumes !== true || until === undefined,
    {
      when: whatever,
      path: ['until'],
      error: 'goes with volumes',
      params: { expected: 'one of the two; docker refuses both' },
    },
  ),
);

const verbs = {
  pull: optional(text),
  run: optional(run),
  stop: optional(shortForm('name', object({ name: text, time: optional(seconds) }))),
  start: optional(shortForm('name', object({ name: text }))),
  restart: optional(shortForm('name', object({ name: text, time: optional(seconds) }))),
  rm: optional(shortForm('name', object({ name: text, force: optional(flag), volumes: optional(flag) }))),
  exec: optional(exec),
  login: optional(login),
  prune: optional(prune),
};

export const docker = object(verbs)
  .refine(...exactlyOne(Object.keys(verbs)))
  .transform((value, context): DockerAction => {
    if (value.pull !== undefined) return { pull: value.pull };
    if (value.run !== undefined) return { run: value.run };
    if (value.stop !== undefined) return { stop: value.stop };
    if (value.start !== undefined) return { start: value.start };
    if (value.restart !== undefined) return { restart: value.restart };
    if (value.rm !== undefined) return { rm: value.rm };
    if (value.exec !== undefined) return { exec: value.exec };
    if (value.login !== undefined) return { login: value.login };
    if (value.prune !== undefined) return { prune: value.prune };
    context.addIssue({ code: 'custom', message: 'says nothing of what to do', input: value });
    return z.NEVER;
  });
