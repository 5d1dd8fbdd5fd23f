import type { FastifyReply, FastifyRequest } from 'fastify';
import { NameInUse } from '../client/errors.ts';
import { newName } from '../client/name.ts';
import { recorded } from './access/recorded.ts';
import { nameOf, startAsked, starterOf } from './access/started.ts';
import { once } from './idempotency.ts';
import type { Parts, Submission } from './parts.ts';
import { refuseBusy, refuseLate } from './pool-turn.ts';
import { completed, namesCatalogue } from './submission.ts';
import { showTask } from './views/task.ts';

/** Starts the task that a request asks for; once, when it has an `Idempotency-Key`. */
export async function startTask(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Submission,
): Promise<FastifyReply> {
  const submission = { ...wanted, startedBy: starterOf(request.actor, wanted.startedBy) };
  return once(parts, request, reply, {
    plan: async (isKept) => ({
      name: submission.name ?? nameFor(submission),
      // Only a name that was nobody's when the request first came can be this request's own when it comes again.
      isFree: !isKept || submission.name === undefined || !(await isThere(parts, submission.name)),
    }),
    act: async ({ name, isFree }, again) => {
      if (!isFree) throw new NameInUse(name);
      if (!again || !(await isThere(parts, name))) await start(parts, request, { ...submission, name });
      if (submission.now) await refuseLate(parts, name);
      const location = `/api/v1/tasks/${encodeURIComponent(name)}`;
      return { status: 201, headers: { location }, body: await showTask(parts, name) };
    },
  });
}

/** Throws Invalid, NameInUse, PoolBusy. */
async function start(parts: Parts, request: FastifyRequest, submission: Submission & { name: string }): Promise<void> {
  await recorded(parts, request, startAsked(submission.name, submission), async () => {
    // What needs nothing of the catalogue, `run` checks whole by itself.
    if (namesCatalogue(submission)) await completed(parts.store, submission);
    if (submission.now && submission.pool !== undefined) await refuseBusy(parts, submission.pool);
    await parts.drover.run(submission);
  });
}

function nameFor({ template, templateName, pool, do: action }: Submission): string {
  const [what] = Object.keys(action ?? {});
  return newName(nameOf(template) ?? templateName ?? (what && pool !== undefined ? `${what}-${pool}` : 'task'));
}

async function isThere(parts: Parts, name: string): Promise<boolean> {
  return (await parts.drover.task(name).execution()).state !== 'missing';
}
