import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../model/actor.ts';
import { refuseOtherSites } from '../other-sites.ts';
import type { Parts } from '../parts.ts';
import { isIn, plainAddress } from './addresses.ts';
import { credentialsIn, type Credentials } from './credentials.ts';
import { Denied, MISSING, NO_TOKENS, UNKNOWN } from './denied.ts';
import { KnownTokens } from './known-tokens.ts';
import { ADMIN_TOKEN } from './settings.ts';

/** Who can reach the server: this machine alone, or others, too. */
export type Reach = 'loopback' | 'network';

/** Knows who asks. */
export class Gate {
  readonly reach: Reach;
  readonly tokens: KnownTokens;
  readonly #parts: Parts;

  constructor(parts: Parts, reach: Reach) {
    this.#parts = parts;
    this.reach = reach;
    this.tokens = new KnownTokens(parts.store.tokens);
  }

  /** Whether an admin is known who is in no database. */
  get hasAdminToken(): boolean {
    return this.#parts.access?.adminToken !== undefined;
  }

  /** Who asks. Throws Denied (401) when that cannot be told. */
  async actorOf(request: FastifyRequest): Promise<Actor> {
    const credentials = credentialsIn(request.headers.authorization);
    if (await this.#hasNoTokens()) {
      if (this.reach === 'network') throw new Denied(401, NO_TOKENS);
      refuseOtherSites(request);
      return { name: credentials?.userName ?? '', role: 'admin', via: 'open', from: addressOf(request) };
    }
    if (!credentials) throw new Denied(401, MISSING);
    const actor = (await this.#byToken(request, credentials)) ?? this.#byAddress(request, credentials);
    if (!actor) throw new Denied(401, UNKNOWN);
    return actor;
  }

  /** Whoever asks for what is public, without being asked for anything. */
  nobody(request: FastifyRequest): Actor {
    return { name: '', role: 'viewer', via: 'open', from: addressOf(request) };
  }

  async #hasNoTokens(): Promise<boolean> {
    return !this.hasAdminToken && (await this.tokens.none());
  }

  async #byToken(request: FastifyRequest, { secret }: Credentials): Promise<Actor | undefined> {
    if (secret === undefined) return undefined;
    const from = addressOf(request);
    const { adminToken } = this.#parts.access ?? {};
    if (adminToken !== undefined && isSame(secret, adminToken))
      return { name: ADMIN_TOKEN, role: 'admin', via: 'token', from };
    const row = await this.tokens.find(secret);
    if (!row) return undefined;
    this.#noteUse(row.id);
    return { name: row.name, role: row.role, via: 'token', from };
  }

  /** Nobody waits for it; the store writes it once a minute. */
  #noteUse(id: number): void {
    this.#parts.store.tokens.used(id).catch((err: unknown) => {
      this.#parts.log.warn({ err }, 'that a token is used could not be written');
    });
  }

  /** The address is the connection's own: what `X-Forwarded-For` says, anybody can write. */
  #byAddress(request: FastifyRequest, { userName }: Credentials): Actor | undefined {
    const { trusted } = this.#parts.access ?? {};
    const address = request.socket.remoteAddress ?? '';
    if (!trusted || userName === '' || !isIn(trusted, address)) return undefined;
    return { name: userName, role: 'operator', via: 'trusted', from: addressOf(request) };
  }
}

function addressOf(request: FastifyRequest): string | null {
  return plainAddress(request.socket.remoteAddress);
}

/** In a time that does not tell how much of the secret is right. */
function isSame(given: string, secret: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(secret));
}
