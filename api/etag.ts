import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { VersionConflict } from '../store/catalogue/errors.ts';
import { ApiError } from './errors.ts';

/** A thing's version as its `ETag`. */
export function etag(version: number): string {
  return `"${version}"`;
}

// Loose: what is left out of a header's schema is gone from the request.
export const ifMatchHeader = z.looseObject({
  'if-match': z
    .string()
    .optional()
    .describe('the `ETag` of the reading that the edit was made from, or `*` to overwrite whatever is there'),
});

export const ifNoneMatchHeader = z.looseObject({
  'if-none-match': z
    .string()
    .optional()
    .describe('the `ETag` of an earlier reading: 304 when nothing has changed since'),
});

/** The versions that an edit may be made to. */
export interface Precondition {
  any: boolean;
  versions: number[];
}

/** What `If-Match` asks for. Throws ApiError (428) when it asks for nothing. */
export function precondition(headers: IncomingHttpHeaders, url: string): Precondition {
  const text = headers['if-match']?.trim();
  if (text === undefined || text === '')
    throw new ApiError(
      428,
      'precondition_required',
      `the header If-Match is missing, expected the ETag that GET ${url} answered, so that nobody's change is overwritten unseen; or * to overwrite whatever is there`,
    );
  return { any: text === '*', versions: versionsIn(text) };
}

/** Throws VersionConflict when the thing is at another version than those that the edit was made from. */
export function checkPrecondition(
  { any, versions }: Precondition,
  kind: string,
  { name, version }: { name: string; version: number },
): void {
  if (!any && !versions.includes(version)) throw new VersionConflict(kind, name, versions[0] ?? 0, version);
}

/** Whether the client has this version already, by its `If-None-Match`. */
export function isUnchanged(headers: IncomingHttpHeaders, version: number): boolean {
  const text = headers['if-none-match']?.trim();
  if (text === undefined) return false;
  // Here weak tags are as good as strong ones (RFC 9110, 13.1.2): a proxy that compresses makes them weak.
  return text === '*' || versionsIn(text.replaceAll('W/', '')).includes(version);
}

/** Tags that are none of ours match no version. */
function versionsIn(text: string): number[] {
  return text.split(',').flatMap((tag) => {
    const [, version] = /^"(\d{1,15})"$/.exec(tag.trim()) ?? [];
    return version === undefined ? [] : [Number(version)];
  });
}
