import { sql, type Kysely } from 'kysely';

import type { Schema } from '../schema.ts';
import type { User } from './errors.ts';
import { usesStep } from './tables.ts';

/** What uses a thing, oldest first. */
export const usersOf = {
  async cluster(db: Kysely<Schema>, { id }: { id: number }): Promise<User[]> {
    const services = db.selectFrom('services').select(['id', 'name']).where('clusterId', '=', id);
    return as('service', await services.orderBy('id').execute());
  },

  async service(db: Kysely<Schema>, { id }: { id: number }): Promise<User[]> {
    const pools = db.selectFrom('pools').select(['id', 'name']).where('serviceId', '=', id);
    return as('pool', await pools.orderBy('id').execute());
  },

  /** Pools that grow it when they grow; its schedules and nodes; machines that were not given back. */
  async pool(db: Kysely<Schema>, { id, name }: { id: number; name: string }): Promise<User[]> {
    const nodes = db.selectFrom('poolNodes').select(['id', 'name']).where('poolId', '=', id);
    const schedules = db.selectFrom('schedules').select(['id', 'name']).where('poolId', '=', id);
    const machines = liveMachines(db, id).select(['id', 'providerId as name']);
    const named = sql<boolean>`exists (
      select from jsonb_array_elements(depends_on) d where lower(d ->> 'pool') = lower(${name}::text))`;
    const dependents = db.selectFrom('pools').select(['id', 'name']).where(named).where('id', '<>', id);
    return [
      ...as('pool', await dependents.orderBy('id').execute()),
      ...as('schedule', await schedules.orderBy('id').execute()),
      ...as('node', await nodes.orderBy('id').execute()),
      ...as('machine', await machines.orderBy('id').execute()),
    ];
  },

  async action(db: Kysely<Schema>, { name }: { name: string }): Promise<User[]> {
    const names = sql<boolean>`exists (select from jsonb_array_elements_text(actions) a where lower(a) = lower(${name}::text))`;
    const steps = db.selectFrom('remoteSteps').select(['id', 'name']).where(names);
    return as('step', await steps.orderBy('id').execute());
  },

  async step(db: Kysely<Schema>, { name }: { name: string }): Promise<User[]> {
    const templates = db.selectFrom('templates').select(['id', 'name']).where(usesStep(name));
    return as('template', await templates.orderBy('id').execute());
  },

  /** A pool names templates by their ids, as numbers or as text. */
  async template(db: Kysely<Schema>, { id }: { id: number }): Promise<User[]> {
    const names = sql<boolean>`exists (select from jsonb_each_text(tasks) t where ltrim(btrim(t.value), '0') = ${String(id)})`;
    const pools = db.selectFrom('pools').select(['id', 'name']).where(names);
    return as('pool', await pools.orderBy('id').execute());
  },
};

/** Machines of a pool that may cost money. */
export function liveMachines(db: Kysely<Schema>, poolId: number) {
  return db.selectFrom('machines').where('poolId', '=', poolId).where('endedAt', 'is', null);
}

function as(kind: string, found: { id: number; name: string }[]): User[] {
  return found.map(({ id, name }) => ({ kind, id, name }));
}
