import { isSecretReference, SECRET_NAME_SHAPE, secretName } from '../model/secret.ts';
import type { Limiters } from './limiters.ts';
import { Refused } from './provider.ts';

/** What a provider is made with, besides what the catalogue says of it. */
export interface Given {
  /** The value of a secret, read anew. */
  secret(name: string): Promise<string>;
  /** The pool's OpenDCP numbers; 0 for none. */
  vmType: number;
  sdId: number;
  limiters: Limiters;
}

/** The text itself, or the value of the secret that it refers to. */
export async function valueOf(text: string, given: Pick<Given, 'secret'>): Promise<string> {
  if (!isSecretReference(text)) return text;
  const name = secretName(text);
  if (name === undefined) throw new Refused(`${JSON.stringify(text)} names no secret, expected ${SECRET_NAME_SHAPE}`);
  return given.secret(name);
}
