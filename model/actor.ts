/** What somebody may do: look; run and steer tasks and edit the catalogue; also tokens and the audit. Each may do what the one before may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks for a change, as the audit keeps it. */
export interface Actor {
  /** The token's name; what a trusted front end or an open server was told; never a token. */
  name: string;
  role: Role;
  /**
   * How the name is known. `token`: by a token. `trusted`: a bare name from an address that may name users. `open`: the server
   * has no tokens and asks nobody. `local`: a command that opened the database itself.
   */
  via: 'token' | 'trusted' | 'open' | 'local';
  /** The address the request came from; null without one. */
  from: string | null;
}

/** Whether a role is enough where `needed` is asked for. */
export function mayDo(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
