import { TokenChanges } from '../access/changes.ts';
import type { Gate } from '../access/gate.ts';
import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { byTokenName, createdToken, newToken, tokenFilter, tokenList, whoami } from '../schemas/access.ts';
import { anyError } from '../schemas/error.ts';
import type { TokenRow } from '../../store/access.ts';
import { z } from 'zod';

export function tokenRoutes(app: App, parts: Parts, gate: Gate): void {
  const changes = new TokenChanges(parts.store.tokens, gate);

  app.get(
    '/api/v1/whoami',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Who asks, as the server knows it', tags: ['access'], response: { 200: whoami, ...anyError } },
    },
    ({ actor }) => actor,
  );

  app.get(
    '/api/v1/tokens',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Tokens, without their secrets',
        tags: ['access'],
        querystring: tokenFilter,
        response: { 200: tokenList, ...anyError },
      },
    },
    async ({ query }) => ({ items: (await parts.store.tokens.list({ revoked: query.revoked })).map(view) }),
  );

  app.post(
    '/api/v1/tokens',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Make a token; its secret is in this answer, and never shown again',
        tags: ['access'],
        body: newToken,
        response: { 201: createdToken, ...anyError },
      },
    },
    async ({ actor, body }, reply) => {
      const { token, secret } = await changes.create(actor, body);
      return reply
        .code(201)
        .headers({ location: `/api/v1/tokens/${encodeURIComponent(token.name)}`, 'cache-control': 'no-store' })
        .send({ ...view(token), secret });
    },
  );

  app.delete(
    '/api/v1/tokens/:name',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Revoke a token: nobody gets in with it any more',
        tags: ['access'],
        params: byTokenName,
        response: { 204: z.null().describe('revoked'), ...anyError },
      },
    },
    async ({ actor, params }, reply) => {
      await changes.revoke(actor, params.name);
      return reply.code(204).send(null);
    },
  );
}

function view({ createdAt, lastUsedAt, revokedAt, ...token }: TokenRow) {
  return {
    ...token,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
