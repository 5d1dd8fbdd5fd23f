import type { Change, Kind } from '../../model/catalogue/document.ts';
import { written } from '../../model/catalogue/written.ts';
import { parseDocuments } from '../../model/parse/documents.ts';
import { apply } from '../../store/catalogue/apply.ts';
import { currentDocuments } from '../../store/catalogue/documents.ts';
import { afterChange } from '../after-change.ts';
import type { App } from '../app.ts';
import { ApiError } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Parts } from '../parts.ts';
import { changeOrRehearse } from '../rehearse.ts';
import { applied, applyBody, exported } from '../schemas/catalogue-whole.ts';
import { anyError } from '../schemas/error.ts';

/** Thousands of documents. */
const CATALOGUE_LIMIT = 64 * 1024 * 1024;

/** Kinds that Temporal has something made of. */
const FOLLOWED: readonly Kind[] = ['pool', 'schedule'];

/** The catalogue as a whole: as files in git have it. */
export function applyRoutes(app: App, parts: Parts): void {
  const { store } = parts;
  app.post(
    '/api/v1/apply',
    {
      config: { access: 'operator' },
      bodyLimit: CATALOGUE_LIMIT,
      schema: {
        summary: 'Make the catalogue equal to documents, all of them or, when one is refused, none',
        tags: ['catalogue'],
        body: applyBody,
        response: { 200: applied, ...anyError },
      },
    },
    async ({ actor, body }) => {
      const { prune, dryRun, expected } = body;
      const documents = parseDocuments(body.documents);
      const answer = await changeOrRehearse(store.catalogue, { actor, isRehearsal: dryRun }, async (edit) => {
        const changes = await apply(edit, documents, { prune });
        const mark = fingerprint(changes);
        if (expected !== undefined && expected !== mark) throw changedMeanwhile(changes);
        return { changes, fingerprint: mark, applied: !dryRun };
      });
      if (!dryRun && answer.changes.some(({ kind }) => FOLLOWED.includes(kind))) await afterChange(parts);
      return answer;
    },
  );

  app.get(
    '/api/v1/export',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The whole catalogue as documents',
        tags: ['catalogue'],
        response: { 200: exported, ...anyError },
      },
    },
    async () => ({ documents: (await currentDocuments(store.catalogue)).map(written) }),
  );
}

function changedMeanwhile(changes: readonly Change[]): ApiError {
  const message = `the catalogue has changed meanwhile: applying the documents makes other changes now (${changes.length}) than those that were expected; look at them by another dry run`;
  return new ApiError(409, 'changed_meanwhile', message);
}
