import type { App } from '../app.ts';
import type { Parts } from '../parts.ts';
import { auditFilter, auditList, type AuditFilter } from '../schemas/access.ts';
import { anyError } from '../schemas/error.ts';
import type { AuditQuery } from '../../store/access.ts';

export function auditRoute(app: App, parts: Parts): void {
  app.get(
    '/api/v1/audit',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Who did what to what, newest first',
        tags: ['access'],
        querystring: auditFilter,
        response: { 200: auditList, ...anyError },
      },
    },
    async (request) => {
      const { items, next } = await parts.store.audit.list(queryOf(request.query));
      return { items: items.map((entry) => ({ ...entry, at: entry.at.toISOString() })), next: next ?? null };
    },
  );
}

function queryOf({ limit, since, until, ...texts }: AuditFilter): AuditQuery {
  return {
    limit,
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}
