import { sql, type Kysely } from 'kysely';

import type { Actor } from '../../model/actor.ts';
import { FAILURES } from '../../model/status.ts';
import type { Schema } from '../schema.ts';
import { Change } from './change.ts';
import { ExecTaskReader, ExecTaskWriter } from './exec-tasks.ts';
import { ImplementationReader, ImplementationWriter } from './implementations.ts';
import { PoolNodeReader, PoolNodeWriter } from './pool-nodes.ts';
import { PoolWriter } from './pools.ts';
import { TableReader } from './reader.ts';
import { ACTIONS, CLUSTERS, POOLS, SCHEDULES, SERVICES, STEPS } from './tables.ts';
import { TemplateReader, TemplateWriter } from './templates.ts';
import type { ActionRow, Catalogue, CatalogueReads, Edit } from './types.ts';
import { usersOf } from './users.ts';
import { TableWriter } from './writer.ts';

export function openCatalogue(db: Kysely<Schema>): Catalogue {
  return {
    ...readsOf(db),

    change: (actor, work) =>
      db.transaction().execute(async (transaction) => {
        const change = new Change(transaction, actor);
        await change.turn();
        const result = await work(editOf(change, actor));
        await change.close();
        return result;
      }),

    settle: (taskId) => settle(db, taskId),
  };
}

function readsOf(db: Kysely<Schema>): CatalogueReads {
  return {
    clusters: new TableReader(db, CLUSTERS),
    services: new TableReader(db, SERVICES),
    pools: new TableReader(db, POOLS),
    nodes: new PoolNodeReader(db),
    actions: new TableReader(db, ACTIONS),
    implementations: new ImplementationReader(db),
    steps: new TableReader(db, STEPS),
    templates: new TemplateReader(db),
    schedules: new TableReader(db, SCHEDULES),
    execTasks: new ExecTaskReader(db),
  };
}

function editOf(change: Change, actor: Actor): Edit {
  const { db } = change;
  const pools = new PoolWriter(change);
  const actions = new ActionWriter(change, ACTIONS, (row) => usersOf.action(db, row));
  return {
    actor,
    clusters: new TableWriter(change, CLUSTERS, (row) => usersOf.cluster(db, row)),
    services: new TableWriter(change, SERVICES, (row) => usersOf.service(db, row)),
    pools,
    nodes: new PoolNodeWriter(change, pools),
    actions,
    implementations: actions.implementations,
    steps: new TableWriter(change, STEPS, (row) => usersOf.step(db, row)),
    templates: new TemplateWriter(change),
    schedules: new TableWriter(change, SCHEDULES, () => Promise.resolve([])),
    execTasks: new ExecTaskWriter(change),
  };
}

/** An action goes together with how it is done. */
class ActionWriter extends TableWriter<ActionRow> {
  readonly implementations = new ImplementationWriter(this.change, this);

  override async remove(id: number, options: { version?: number } = {}): Promise<ActionRow> {
    const implementations = await this.implementations.everyOf(id);
    const removed = await super.remove(id, options);
    this.implementations.gone(removed, implementations);
    return removed;
  }
}

/** OpenDCP's states of a pool's node. No edit of the pool: its version stays. */
async function settle(db: Kysely<Schema>, taskId: string): Promise<void> {
  await sql`
    update pool_nodes p set status = case when n.status = 'ok' then 2 else 3 end
    from tasks t join nodes n on n.task_id = t.id join pools on lower(pools.name) = lower(t.pool)
    where t.id = ${taskId} and p.pool_id = pools.id and p.name = n.name
      and n.status = any(${['ok', ...FAILURES]}::text[])`.execute(db);
}
