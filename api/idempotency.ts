import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Json } from '../model/json.ts';
import type { Answered } from '../store/access.ts';
import { answerTo, ApiError } from './errors.ts';
import { fingerprint } from './fingerprint.ts';
import type { Parts } from './parts.ts';

// Loose: what is left out of a header's schema is gone from the request.
export const idempotencyHeader = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'expected 1 to 200 visible ASCII characters')
    .optional()
    .describe(
      'made by the client, new for each thing it wants: sent again, the request is answered as it was, and done once',
    ),
});

/** What is done, and told, once for each key. */
export interface Once<Plan extends Json> {
  /**
   * What the request chooses by itself (as a new name), so that it stays the same when the request is made again. Without a
   * key it will not be: `isKept` is false.
   */
  plan: (isKept: boolean) => Promise<Plan>;
  /** `again`: an earlier try died under way, and may have got as far as doing it. */
  act: (plan: Plan, again: boolean) => Promise<Answer>;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: object;
}

/** Does a request once, however often it comes with the same `Idempotency-Key`; without a key, each time. */
export async function once<Plan extends Json>(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  what: Once<Plan>,
): Promise<FastifyReply> {
  const key = request.headers['idempotency-key'];
  const answer =
    typeof key === 'string'
      ? await onceFor(key, parts, request, what)
      : answered(await what.act(await what.plan(false), false));
  return reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8').send(answer.body);
}

async function onceFor<Plan extends Json>(
  key: string,
  { store: { idempotencyKeys: keys } }: Parts,
  { actor, method, url, body }: FastifyRequest,
  { plan, act }: Once<Plan>,
): Promise<Answered> {
  const whose = `${actor.via} ${actor.name}`; // a name that a front end gave is not the token of that name
  const begun = await keys.begin(key, whose, fingerprint({ method, url, body }), await plan(true));
  if (begun.state === 'answered') return begun.answer;
  if (begun.state === 'mismatch') throw mismatch(key);
  if (begun.state === 'busy') throw busy(key);
  try {
    // What the store gives back is what an earlier call gave it here.
    const answer = answered(await act(begun.plan as Plan, begun.state === 'again'));
    await keys.finish(key, whose, answer);
    return answer;
  } catch (error) {
    // After any other error nobody knows whether it was done: the key stays, with its plan.
    if (error instanceof Error && answerTo(error).status < 500) await keys.forget(key, whose);
    throw error;
  }
}

function answered({ status, headers = {}, body }: Answer): Answered {
  return { status, headers, body: JSON.stringify(body) };
}

function mismatch(key: string): ApiError {
  const message = `Idempotency-Key ${key} came with another request before, expected a new key for a new request`;
  return new ApiError(422, 'idempotency_mismatch', message);
}

function busy(key: string): ApiError {
  const message = `the request with Idempotency-Key ${key} is under way: make it again within a minute or two to have its answer`;
  return new ApiError(409, 'idempotency_busy', message);
}
