import { z } from 'zod';
import { KINDS } from '../../model/catalogue/document.ts';
import { anyDocument } from './catalogue-documents.ts';

const kind = z.enum(KINDS);

export const applyBody = z
  .strictObject({
    documents: z.array(anyDocument),
    prune: z.boolean().default(false).describe('remove what is not among the documents, of the kinds that are'),
    dryRun: z.boolean().default(false).describe('tell the changes, and all that would refuse them, and change nothing'),
    expected: z
      .string()
      .optional()
      .describe('the fingerprint of an earlier dry run: 409 `changed_meanwhile` when the changes are other ones now'),
  })
  .meta({ id: 'Apply' });

const fieldChange = z.object({
  path: z.string().describe('as `steps[1].params.tag`'),
  before: z.unknown().optional().describe('not there: there was nothing'),
  after: z.unknown().optional().describe('not there: there is nothing'),
});

const change = z
  .object({
    kind,
    name: z.string(),
    change: z.enum(['create', 'update', 'delete']),
    fields: z.array(fieldChange).describe('of an update: what differs'),
  })
  .meta({ id: 'Change' });

export const applied = z
  .object({
    changes: z.array(change),
    fingerprint: z.string().describe('of the changes, for `expected`'),
    applied: z.boolean().describe('false after a dry run'),
  })
  .meta({ id: 'Applied' });

export const exported = z
  .object({ documents: z.array(anyDocument).describe('everything; applying them changes nothing') })
  .meta({ id: 'Export' });

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

export const importQuery = z.strictObject({ dryRun: flag.describe('`true`: tell what would be done, and do nothing') });

const imported = z.enum([...KINDS, 'node', 'implementation']).exclude(['schedule']);
const counts = z.record(imported, z.int());

export const importReport = z
  .object({
    ...{ created: counts, updated: counts, unchanged: counts },
    renumbered: z
      .array(z.object({ kind: z.string(), name: z.string(), from: z.int(), to: z.int() }))
      .describe('what could not keep its id'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ImportReport' });
