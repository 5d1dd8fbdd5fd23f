import type { BlockList } from 'node:net';

/** How a server knows who asks, besides the tokens in the store. */
export interface AccessSettings {
  /** The secret of an admin that is in no database: for the first start, and for whoever has locked themselves out. */
  adminToken?: string;
  /** Addresses that are believed when they name a user. */
  trusted?: BlockList;
}

/** The name behind `adminToken`; no token of the store may have it. */
export const ADMIN_TOKEN = 'DROVER_ADMIN_TOKEN';

const SHORTEST = 20;

/** Throws when it could be guessed, or could not be sent in a header. */
export function adminToken(text: string): string {
  if (text.length < SHORTEST)
    throw new Error(
      `${ADMIN_TOKEN} has ${text.length} characters, expected ${SHORTEST} or more: make one by \`openssl rand -hex 24\``,
    );
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new Error(`${ADMIN_TOKEN} has blanks or characters beyond ASCII, which an Authorization header cannot carry`);
  return text;
}
