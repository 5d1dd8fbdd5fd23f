import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { NameInUse, NoSuchTask, NotRunning, PoolBusy, Refused, TemporalUnreachable } from '../client/errors.ts';
import { Invalid, type Problem } from '../model/parse/problem.ts';
import { InUse, NameTaken, NoSuchReference, NotFound, Strands, VersionConflict } from '../store/catalogue/errors.ts';
import { BadCursor } from '../store/following.ts';
import type { App } from './app.ts';
import type { ErrorBody } from './schemas/error.ts';

/** A request refused by the API itself. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What an error looks like to the one who asked. `unexpected`: for the server's log, with its stack. */
export function answerTo(error: Error): { status: number; body: ErrorBody; unexpected: boolean } {
  const answer = (status: number, code: string, message = error.message) => ({
    status,
    body: { error: { code, message } },
    unexpected: false,
  });
  if (error instanceof ApiError) return answer(error.status, error.code);
  if (error instanceof Invalid) return { ...answer(400, 'invalid'), body: invalid(error.problems) };
  if (hasZodFastifySchemaValidationErrors(error))
    return { ...answer(400, 'invalid'), body: invalid(schemaProblems(error)) };
  if (error instanceof NoSuchTask) return answer(404, 'not_found');
  if (error instanceof NameInUse) return answer(409, 'name_in_use');
  if (error instanceof NotRunning) return answer(409, 'not_running');
  if (error instanceof Refused) return answer(409, 'refused');
  if (error instanceof PoolBusy) return answer(409, 'busy');
  if (error instanceof BadCursor) return answer(400, 'invalid');
  const refusal = refusedByCatalogue(error);
  if (refusal) return { ...answer(refusal.status, refusal.code), body: refusal.body };
  if (isNoText(error))
    return answer(
      400,
      'invalid',
      'a text of the request has a character that cannot be kept: NUL, or half a surrogate pair',
    );
  if (error instanceof TemporalUnreachable) return answer(503, 'temporal_unavailable');
  if (isStoreAway(error)) return answer(503, 'store_unavailable', `the store does not answer: ${error.message}`);
  if (refusedByFastify(error)) return answer(error.statusCode, FASTIFY_CODES[error.statusCode] ?? 'invalid');
  return {
    ...answer(500, 'internal', 'something went wrong in the server; its log says what'),
    unexpected: true,
  };
}

function refusedByCatalogue(error: Error): { status: number; code: string; body: ErrorBody } | undefined {
  const refusal = (status: number, code: string, place: { path?: string } = {}) => ({
    status,
    code,
    body: { error: { code, message: error.message, ...place } },
  });
  if (error instanceof NotFound) return refusal(404, 'not_found');
  if (error instanceof NameTaken) return refusal(409, 'name_in_use');
  if (error instanceof InUse) return refusal(409, 'in_use');
  if (error instanceof Strands) return refusal(409, 'in_use', { path: 'provider' });
  if (error instanceof NoSuchReference) return refusal(400, 'invalid', { path: error.field });
  if (error instanceof VersionConflict) return refusal(412, 'changed_meanwhile');
  return undefined;
}

/** PostgreSQL's SQLSTATEs for text that it cannot hold, in text (22021) and in JSON (22P05, 22P02). */
function isNoText(error: Error & { code?: unknown }): boolean {
  return (
    error.code === '22021' || error.code === '22P05' || (error.code === '22P02' && error.message.includes('type json'))
  );
}

const FASTIFY_CODES: Record<number, string> = { 404: 'not_found', 413: 'too_large', 415: 'unsupported_media_type' };

/** One problem is told in the error itself, too: who reads only that needs no list. */
function invalid(problems: Problem[]): ErrorBody {
  const message = problems.map(sentence).join('\n');
  const listed = problems.map(({ path, message, expected }) => ({
    ...{ path, message },
    ...(expected === undefined ? {} : { expected }),
  }));
  const [only, ...more] = listed;
  const { path, expected } = more.length === 0 && only ? only : {};
  const alone = { ...(path === undefined ? {} : { path }), ...(expected === undefined ? {} : { expected }) };
  return { error: { code: 'invalid', message, ...alone, problems: listed } };
}

function sentence({ path, message, expected }: Problem): string {
  return `${path === '' ? '' : `${path}: `}${message}${expected === undefined ? '' : `, expected ${expected}`}`;
}

function schemaProblems(error: {
  validation: { keyword: string; instancePath: string; message?: string; params: Record<string, unknown> }[];
  validationContext?: string;
}): Problem[] {
  return error.validation.flatMap(({ keyword, instancePath, message = 'is not valid', params }) => {
    const path = instancePath.split('/').filter((part) => part !== '');
    if (keyword === 'unrecognized_keys' && Array.isArray(params['keys']))
      return params['keys'].map((key) => ({ path: [...path, String(key)].join('.'), message: 'unknown key' }));
    return [
      { path: path.join('.') || (error.validationContext ?? ''), message: message.replace(/^Invalid input: /, '') },
    ];
  });
}

/** Connections lost or refused, and PostgreSQL's own "shutting down", "starting up" and the like (SQLSTATE 08 and 57P). */
function isStoreAway(error: Error & { code?: unknown }): boolean {
  return (
    typeof error.code === 'string' &&
    /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|08...|57P0.)$/.test(error.code)
  );
}

function refusedByFastify(error: Error & { statusCode?: unknown }): error is Error & { statusCode: number } {
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}

/** Answers in the one shape; also what fails before a route is found, as a URL that cannot be decoded. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { status, body, unexpected } = answerTo(error);
  if (unexpected) request.log.error({ err: error, url: request.url }, 'a request failed');
  // As text: the route's own schemas have nothing to say about it.
  void reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** Every error of the app leaves in the one shape. */
export function answerErrors(app: App): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request) => {
    throw new ApiError(
      404,
      'not_found',
      `there is no ${request.method} ${request.url.split('?')[0] ?? ''}; /openapi.json lists what there is`,
    );
  });
}
