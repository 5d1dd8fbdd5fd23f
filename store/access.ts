import type { Actor, Role } from '../model/actor.ts';
import type { Json } from '../model/json.ts';

/** A token as it is listed; the secret itself is kept nowhere. */
export interface TokenRow {
  id: number;
  name: string;
  role: Role;
  createdAt: Date;
  createdBy: string;
  /** To the minute; null when it never was. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface Tokens {
  /** `secret` is shown once. Throws NameTaken (a live token has the name). */
  create(actor: Actor, token: { name: string; role: Role }): Promise<{ token: TokenRow; secret: string }>;
  /** Live ones, newest first; with `revoked` the others, too. */
  list(options?: { revoked?: boolean }): Promise<TokenRow[]>;
  /** Throws NotFound. */
  revoke(actor: Actor, name: string): Promise<void>;
  /** The live token with this secret. */
  find(secret: string): Promise<TokenRow | undefined>;
  used(id: number): Promise<void>;
  /** How many live ones there are. */
  count(): Promise<number>;
}

/** One line of the audit: who did what to what, from where. */
export interface AuditEntry {
  id: number;
  at: Date;
  actor: Actor;
  /** As `template.update`, `task.pause`, `token.create`. */
  action: string;
  /** As `template`, `task`, `token`. */
  kind: string;
  /** The thing's name. */
  name: string;
  /** Before and after a change; what was asked, for what is no change of a thing (in `after`). */
  before: Json;
  after: Json;
  /** `ok`, or why it did not happen; `asked` while it is being done, or when nobody knows (the server died). */
  outcome: string;
}

export interface AuditQuery {
  limit: number;
  /** The `next` of an earlier list. */
  cursor?: string;
  actor?: string;
  action?: string;
  kind?: string;
  name?: string;
  since?: Date;
  until?: Date;
}

export interface Audit {
  /** Newest first. */
  list(query: AuditQuery): Promise<{ items: AuditEntry[]; next?: string }>;
  write(
    actor: Actor,
    entry: Pick<AuditEntry, 'action' | 'kind' | 'name'> & { before?: Json; after?: Json },
  ): Promise<void>;
  /** Written before it is done, and again when it is known how it went: nothing happens that leaves no entry. */
  around<Result>(
    actor: Actor,
    entry: Pick<AuditEntry, 'action' | 'kind' | 'name'> & { before?: Json; after?: Json },
    act: () => Promise<Result>,
  ): Promise<Result>;
}

/** What was answered to a request with an `Idempotency-Key`, kept for a day. */
export interface Answered {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface IdempotencyKeys {
  /**
   * The first call with a key (of one actor) begins it, and fixes `plan`, what the request chose by itself (as a task's
   * name): a later call gets the same plan when the first one died, or its answer. `mismatch`: the key came with another
   * `request` (a hash of method, URL and body). `busy`: another call with it is under way (less than a minute old).
   */
  begin(
    key: string,
    actor: string,
    request: string,
    plan: Json,
  ): Promise<
    | { state: 'new' | 'again'; plan: Json }
    | { state: 'answered'; answer: Answered }
    | { state: 'mismatch' }
    | { state: 'busy' }
  >;
  finish(key: string, actor: string, answer: Answered): Promise<void>;
  /** The request was refused, with nothing done: the key may be used again. */
  forget(key: string, actor: string): Promise<void>;
}
