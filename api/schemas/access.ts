import { z } from 'zod';
import { ROLES } from '../../model/actor.ts';

/** PostgreSQL's text has no NUL. */
const text = z
  .string()
  .max(300)
  .regex(/^[^\u0000]*$/, 'no NUL');
const moment = z.iso.datetime({ offset: true }).describe('a time, as 2026-03-01T08:00:00Z');
const role = z
  .enum(ROLES)
  .describe(
    'viewer: looks. operator: also runs and steers tasks, edits the catalogue, stores files. admin: also tokens and the audit',
  );

const tokenName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, '1 to 100 letters, digits and . _ @ -, beginning with a letter or digit')
  .describe('who or what has the token; what the audit shows');

const tokenKeys = {
  id: z.int(),
  name: z.string(),
  role,
  createdAt: moment,
  createdBy: z.string(),
  lastUsedAt: moment.nullable().describe('to the minute; null when it never was'),
  revokedAt: moment.nullable(),
};

const token = z.object(tokenKeys).meta({ id: 'Token' });

export const newToken = z.strictObject({ name: tokenName, role: role.default('operator') }).meta({ id: 'NewToken' });

export const createdToken = z
  .object({ ...tokenKeys, secret: z.string().describe('shown this once; what is kept is its hash') })
  .meta({ id: 'CreatedToken' });

export const tokenFilter = z.strictObject({
  revoked: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: also those that are revoked')
    .transform((flag) => flag === 'true'),
});

export const tokenList = z.object({ items: z.array(token).describe('newest first') }).meta({ id: 'TokenList' });

export const byTokenName = z.object({ name: tokenName });

const actor = z.object({
  name: z.string().describe("the token's name; what a trusted front end or an open server was told"),
  role,
  via: z
    .enum(['token', 'trusted', 'open', 'local'])
    .describe(
      'how the name is known: by a token; a bare name from a trusted address; the server has no tokens and asks nobody; a command that opened the database itself',
    ),
  from: z.string().nullable().describe('the address that the request came from'),
});

export const whoami = actor.meta({ id: 'Actor' });

export const auditFilter = z.strictObject({
  actor: text.optional().describe('what this one did'),
  action: text.optional().describe('as `task.start`, `template.update`, `token.create`'),
  kind: text.optional().describe('as `task`, `template`, `token`'),
  name: text.optional().describe("the thing's name"),
  since: moment.optional(),
  until: moment.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: text.optional().describe('`next` of the page before'),
});

export type AuditFilter = z.output<typeof auditFilter>;

export const auditList = z
  .object({
    items: z
      .array(
        z.object({
          id: z.int(),
          at: moment,
          actor: actor,
          action: z.string(),
          kind: z.string(),
          name: z.string(),
          before: z.unknown().describe('before a change; null when there was nothing'),
          after: z.unknown().describe('after it, or what was asked; null when there is nothing'),
          outcome: z
            .string()
            .describe('`ok`, or why it did not happen; `asked` while it is being done, or when the server died in it'),
        }),
      )
      .describe('newest first'),
    next: z.string().nullable().describe('cursor of the next page; null on the last'),
  })
  .meta({ id: 'AuditList' });
