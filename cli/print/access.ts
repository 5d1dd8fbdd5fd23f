import type { Actor, Role } from '../../model/actor.ts';
import type { Json } from '../../model/json.ts';
import { table } from './table.ts';
import { cut, paint, plain } from './text.ts';
import { clock } from './time.ts';

interface Token {
  name: string;
  role: Role;
  createdAt: string;
  createdBy: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export function tokenTable(tokens: Token[]): string {
  if (tokens.length === 0) return 'no tokens: the server asks nobody who they are, and listens on loopback alone';
  const rows = tokens.map((token) => [
    token.name,
    token.role,
    `${clock(token.createdAt)}${token.createdBy === '' ? '' : ` by ${plain(token.createdBy)}`}`,
    token.lastUsedAt === null ? 'never' : clock(token.lastUsedAt),
    token.revokedAt === null ? '' : clock(token.revokedAt),
  ]);
  return table(['NAME', 'ROLE', 'CREATED', 'LAST USED', 'REVOKED'], rows);
}

interface AuditEntry {
  at: string;
  actor: Actor;
  action: string;
  kind: string;
  name: string;
  before: Json;
  after: Json;
  outcome: string;
}

export function auditTable(entries: AuditEntry[]): string {
  if (entries.length === 0) return 'no entries';
  const colour = paint(process.stdout);
  const rows = entries.map(({ at, actor, action, kind, name, outcome }) => [
    clock(at),
    who(actor),
    action,
    `${kind} ${plain(name)}`,
    outcome === 'ok' ? colour('green', 'ok') : colour(outcome === 'asked' ? 'yellow' : 'red', cut(plain(outcome), 120)),
  ]);
  return table(['TIME', 'WHO', 'ACTION', 'WHAT', 'OUTCOME'], rows);
}

/** `alice (token, from 192.0.2.7)` */
function who({ name, via, from }: Actor): string {
  return `${name === '' ? 'somebody' : plain(name)} (${via}${from === null ? '' : `, from ${from}`})`;
}
