import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Clients that go-zero makes for its APIs name the type of a body that they do not send (`Content-Type: application/json`), and
 * its servers take that. Fastify would refuse it. A hook `onRequest`.
 */
export function allowEmptyBody({ raw }: FastifyRequest, _: FastifyReply, done: () => void): void {
  if (raw.headers['content-length'] === '0') delete raw.headers['content-type'];
  done();
}
