import type { FastifyReply, FastifyRequest } from 'fastify';

export const MISSING =
  'this server asks who you are: send a token as `Authorization: Bearer TOKEN` (the drover command takes it from DROVER_TOKEN)';
/** The same for a token that never was and one that is revoked. */
export const UNKNOWN = 'this token is not known: it may be mistyped, or revoked';
export const NO_TOKENS =
  'this server has no tokens, and is open to nobody until it has: set DROVER_ADMIN_TOKEN, or make a token at a server on loopback';

/** Who asks is not known (401), or may not do this (403). */
export class Denied extends Error {
  readonly status: 401 | 403;

  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers in the route's own shape. As text: the route's schemas have nothing to say about it. */
export function deny(request: FastifyRequest, reply: FastifyReply, { status, message }: Denied): FastifyReply {
  const code = status === 401 ? 'unauthorized' : 'forbidden';
  const body = request.routeOptions.config.opendcp
    ? { code: status, msg: message, data: {} }
    : { error: { code, message } };
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}
