import pLimit from 'p-limit';
import type { Actor, Role } from '../../model/actor.ts';
import type { TokenRow, Tokens } from '../../store/access.ts';
import { NameTaken } from '../../store/catalogue/errors.ts';
import { ApiError } from '../errors.ts';
import type { Gate } from './gate.ts';
import { ADMIN_TOKEN } from './settings.ts';

/**
 * Makes and revokes tokens, so that somebody is always left who can, and a server that others reach never stands open. One
 * after another, so that what was checked still holds. (Not across servers: two that revoke the last two admins in the same
 * moment leave none; DROVER_ADMIN_TOKEN then lets one in.)
 */
export class TokenChanges {
  readonly #tokens: Tokens;
  readonly #gate: Gate;
  readonly #inTurn = pLimit(1);

  constructor(tokens: Tokens, gate: Gate) {
    this.#tokens = tokens;
    this.#gate = gate;
  }

  /** Throws ApiError 409. */
  create(actor: Actor, token: { name: string; role: Role }): Promise<{ token: TokenRow; secret: string }> {
    return this.#inTurn(async () => {
      if (token.name.toUpperCase() === ADMIN_TOKEN)
        throw new ApiError(409, 'name_taken', `${ADMIN_TOKEN} is the name of the admin that the environment makes`);
      const live = await this.#tokens.list();
      if (token.role !== 'admin' && !this.#hasAdmin(live))
        throw new ApiError(
          409,
          'first_is_admin',
          `the first token must be an admin's: nobody could make another once there is one of ${token.role}`,
        );
      try {
        return await this.#tokens.create(actor, token);
      } catch (error) {
        if (error instanceof NameTaken) throw new ApiError(409, 'name_taken', error.message);
        throw error;
      } finally {
        this.#gate.tokens.forget();
      }
    });
  }

  /** Throws ApiError 404, 409. */
  revoke(actor: Actor, name: string): Promise<void> {
    return this.#inTurn(async () => {
      const live = await this.#tokens.list();
      const token = live.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (!token) throw new ApiError(404, 'not_found', `there is no live token named ${name}`);
      this.#checkWhoIsLeft(
        token,
        live.filter((one) => one !== token),
      );
      try {
        await this.#tokens.revoke(actor, token.name);
      } finally {
        this.#gate.tokens.forget();
      }
    });
  }

  #checkWhoIsLeft(token: TokenRow, others: TokenRow[]): void {
    if (others.length === 0) {
      if (this.#gate.reach === 'loopback' || this.#gate.hasAdminToken) return;
      throw new ApiError(
        409,
        'last_token',
        `${token.name} is the last token, and this server is reached by others than its own machine: nobody would get in. Make another first`,
      );
    }
    if (this.#hasAdmin(others)) return;
    throw new ApiError(
      409,
      'last_admin',
      `${token.name} is the last admin, and other tokens are left: nobody could make or revoke one. Make another admin, or revoke those first`,
    );
  }

  #hasAdmin(tokens: TokenRow[]): boolean {
    return this.#gate.hasAdminToken || tokens.some(({ role }) => role === 'admin');
  }
}
