import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { ENDED } from '../../model/status.ts';
import { Invalid } from '../../model/parse/problem.ts';
import type { TaskRow } from '../../store/tasks.ts';
import type { App } from '../app.ts';
import { followEvents } from '../follow/events.ts';
import { followBytes, followLog } from '../follow/log.ts';
import { logBytes, logJson, logText } from '../log/once.ts';
import { fromEventId, START } from '../log/position.ts';
import type { Part } from '../log/read.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';
import { logQuery, resumable, textReply, type LogQuery } from '../schemas/stream.ts';
import { byName } from '../schemas/task.ts';
import { eventStream, type Comment, type Message } from '../sse.ts';
import { findTask } from '../views/task.ts';

export function followRoutes(app: App, parts: Parts): void {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  app.addHook('preClose', () => closing.abort());

  app.get(
    '/api/v1/tasks/:name/events',
    {
      config: { access: 'viewer' },
      schema: {
        summary: "A task's events from its beginning, or after `Last-Event-ID`, until it has ended",
        tags: ['follow'],
        params: byName,
        headers: resumable,
        response: {
          200: textReply('text/event-stream', 'data: a task event as JSON'),
          204: textReply('text/plain', 'the task has ended and there is nothing after `Last-Event-ID`'),
          ...anyError,
        },
      },
    },
    async (request, reply) => {
      const after = request.headers['last-event-id'];
      const task = await recordedTask(parts, request.params.name, closing.signal);
      if (after !== undefined && (await isThrough(parts, task, after))) return reply.code(204).send();
      return stream(reply, followEvents(parts, task, after, closing.signal));
    },
  );

  app.get(
    '/api/v1/tasks/:name/log',
    {
      config: { access: 'viewer' },
      schema: {
        summary: "A task's log; with follow=1 as it grows, until the task has ended",
        tags: ['follow'],
        params: byName,
        querystring: logQuery,
        headers: resumable,
        response: {
          200: {
            description: 'lines, each after `node | ` unless one node is named',
            content: {
              ...textReply('text/plain', '').content,
              ...textReply('text/event-stream', '').content,
              ...textReply('application/octet-stream', '').content,
              ...textReply('application/json', '').content,
            },
          },
          ...anyError,
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const from = fromEventId(request.headers['last-event-id'] ?? START);
      if (!query.follow) {
        const task = await findTask(parts, request.params.name);
        return task ? once(reply, parts, task, query) : reply.type('text/plain; charset=utf-8').send('');
      }
      const task = await recordedTask(parts, request.params.name, closing.signal);
      const part = await partOf(parts, task, query);
      const follow = query.raw ? followBytes : followLog;
      return stream(reply, follow(parts, task, part, from, closing.signal));
    },
  );
}

async function once(reply: FastifyReply, parts: Parts, task: TaskRow, query: LogQuery): Promise<FastifyReply> {
  const part = await partOf(parts, task, query);
  const body = (type: string, bytes: AsyncIterable<Buffer>) =>
    reply.type(type).send(Readable.from(bytes, { objectMode: false }));
  if (query.raw) return body('application/octet-stream', logBytes(parts, task, part));
  if (query.format === 'json') return body('application/json; charset=utf-8', logJson(parts, task, part));
  return body('text/plain; charset=utf-8', logText(parts, task, part));
}

/** Its connection ends with it, so that a server that closes need not wait for clients to let go of theirs. */
function stream(reply: FastifyReply, turns: AsyncIterable<(Message | Comment)[]>): FastifyReply {
  return reply
    .type('text/event-stream; charset=utf-8')
    .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
    .send(eventStream(turns));
}

/** Waits for a task that Temporal has and the ledger does not yet. Throws NoSuchTask. */
async function recordedTask(parts: Parts, name: string, signal: AbortSignal): Promise<TaskRow> {
  for (;;) {
    const task = await findTask(parts, name);
    if (task) return task;
    await sleep(100, undefined, { signal });
  }
}

async function isThrough(parts: Parts, task: TaskRow, after: string): Promise<boolean> {
  return ENDED.includes(task.status) && (await parts.store.events.read(task.id, { after, limit: 1 })).length === 0;
}

/** The numbers of the node and the step that are asked for. Throws Invalid when the task has no such. */
async function partOf({ store }: Parts, task: TaskRow, { node, step }: LogQuery): Promise<Part> {
  const no = node === undefined ? undefined : (await store.ledger.numbers(task.id, [node])).get(node);
  const index = task.template.steps.findIndex(({ name }) => name === step);
  const names = task.template.steps.map(({ name }) => name).join(', ');
  const problems = [
    ...(node !== undefined && no === undefined
      ? [{ path: 'node', message: `the task has no node named ${node}` }]
      : []),
    ...(step !== undefined && index < 0
      ? [{ path: 'step', message: `the template has no step named ${step}`, expected: `one of ${names}` }]
      : []),
  ];
  if (problems.length > 0) throw new Invalid(problems);
  return { ...(no !== undefined && { no }), ...(step !== undefined && { step: index }) };
}
