import { createHash } from 'node:crypto';
import { z } from 'zod';
import { recorded } from '../access/recorded.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import type { Parts } from '../parts.ts';
import { anyError } from '../schemas/error.ts';

/** A file is sent to its nodes in one piece of memory. */
const FILE_LIMIT = 64 * 1024 * 1024;

const bySha256 = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits') });
const stored = z.object({ sha256: z.string(), size: z.number() });

/** Files that copy actions bring to nodes: `copy: { file: { sha256, size }, dest }`. */
export function fileRoutes(app: App, parts: Parts): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer', bodyLimit: FILE_LIMIT }, (_, body, done) =>
    done(null, body),
  );

  app.put(
    '/api/v1/files/:sha256',
    {
      bodyLimit: FILE_LIMIT,
      config: { access: 'operator' },
      schema: {
        summary: 'Store a file (application/octet-stream, at most 64 MiB) under its SHA-256',
        tags: ['files'],
        params: bySha256,
        body: z.instanceof(Buffer, { message: 'the file as application/octet-stream' }),
        response: { 200: stored, ...anyError },
      },
    },
    async (request) => {
      const { params, body } = request;
      const sha256 = createHash('sha256').update(body).digest('hex');
      if (sha256 !== params.sha256)
        throw new ApiError(400, 'invalid', `sha256: the body has SHA-256 ${sha256}, expected ${params.sha256}`);
      const asked = { action: 'file.put', kind: 'file', name: sha256, after: { size: body.length } };
      return recorded(parts, request, asked, () => parts.store.files.put(body));
    },
  );

  app.head(
    '/api/v1/files/:sha256',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Is the file there? 200 or 404', tags: ['files'], params: bySha256 },
    },
    async ({ params }, reply) => reply.code((await parts.store.files.has(params.sha256)) ? 200 : 404).send(),
  );
}
