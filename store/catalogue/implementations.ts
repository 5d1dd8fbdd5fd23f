import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';

import { rowsOf } from '../row-counts.ts';
import type { Schema } from '../schema.ts';
import { offsetOf, storable, storableJson } from '../sql.ts';
import { checked, freeId, passId, takingAnId, type Change } from './change.ts';
import { NameTaken, NoSuchReference, NotFound } from './errors.ts';
import type { ActionRow, ImplementationRow, Implementations, ImplementationsWriter } from './types.ts';

const IMPLEMENTATION = ['id', 'actionId', 'type', 'template'] as const;

export class ImplementationReader implements Implementations {
  protected readonly db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.db = db;
  }

  async get(id: number): Promise<ImplementationRow | undefined> {
    return Number.isSafeInteger(id) ? await this.#all().where('id', '=', id).executeTakeFirst() : undefined;
  }

  async of(actionId: number, type = 'ansible'): Promise<ImplementationRow | undefined> {
    if (!Number.isSafeInteger(actionId)) return undefined;
    return await this.#all().where('actionId', '=', actionId).where('type', '=', storable(type)).executeTakeFirst();
  }

  async ofAll(actionIds: readonly number[]): Promise<Map<number, ImplementationRow>> {
    if (actionIds.length === 0) return new Map();
    const found = await this.#all().where('actionId', 'in', actionIds).where('type', '=', 'ansible').execute();
    return new Map(found.map((row) => [row.actionId, row]));
  }

  /** Oldest first. */
  async page(query: { page: number; pageSize: number }): Promise<{ items: ImplementationRow[]; total: number }> {
    const [items, total] = await Promise.all([
      this.#all().orderBy('id').limit(query.pageSize).offset(offsetOf(query)).execute(),
      rowsOf(this.db, 'implementations'),
    ]);
    return { items, total };
  }

  everyOf(actionId: number): Promise<ImplementationRow[]> {
    return this.#all().where('actionId', '=', actionId).orderBy('id').execute();
  }

  #all() {
    return this.db.selectFrom('implementations').select(IMPLEMENTATION);
  }
}

interface Actions {
  get(id: number): Promise<ActionRow | undefined>;
  touch(id: number): Promise<void>;
}

/** Within a change. How an action is done is a part of it: the action's version grows along. */
export class ImplementationWriter extends ImplementationReader implements ImplementationsWriter {
  readonly #change: Change;
  readonly #actions: Actions;

  constructor(change: Change, actions: Actions) {
    super(change.db);
    this.#change = change;
    this.#actions = actions;
  }

  async create(
    { actionId, type, template }: Omit<ImplementationRow, 'id'>,
    options: { id?: number } = {},
  ): Promise<ImplementationRow> {
    const missing = new NoSuchReference('actionId', 'action', actionId);
    const action = await takingAnId(this.db, 'implementations', this.#actionFor(actionId, type, missing));
    const id = await freeId(this.db, 'implementations', options.id);
    const writing = this.db
      .insertInto('implementations')
      .values({ ...(id !== undefined && { id }), actionId, type: storable(type), template: text(template) })
      .returning(IMPLEMENTATION)
      .executeTakeFirstOrThrow();
    const row = await checked('implementation', type, writing, missing);
    if (id !== undefined) await passId(this.db, 'implementations', id);
    await this.#record('create', action, { after: row });
    return row;
  }

  async update(
    id: number,
    { type, template }: { type: string; template: ImplementationRow['template'] },
  ): Promise<ImplementationRow> {
    const before = await this.get(id);
    const action = before && (await this.#actions.get(before.actionId));
    if (!action) throw new NotFound('implementation', id);
    const after = storableJson({ ...before, type, template });
    if (isDeepStrictEqual(after, before)) return before;
    if (after.type !== before.type) await this.#checkType(action, type);
    const writing = this.db
      .updateTable('implementations')
      .set({ type: after.type, template: text(template) })
      .where('id', '=', id)
      .returning(IMPLEMENTATION)
      .executeTakeFirstOrThrow();
    const row = await checked('implementation', type, writing);
    await this.#record('update', action, { before, after: row });
    return row;
  }

  async removeOf(actionId: number): Promise<void> {
    const action = await this.#actions.get(actionId);
    const removed = await this.everyOf(actionId);
    if (!action || removed.length === 0) return;
    await this.db.deleteFrom('implementations').where('actionId', '=', actionId).execute();
    this.gone(action, removed);
    await this.#actions.touch(actionId);
  }

  /** They were removed, by themselves or along with their action. */
  gone({ name }: ActionRow, removed: readonly ImplementationRow[]): void {
    for (const before of removed) this.#change.record('implementation', 'delete', name, { before });
  }

  async #actionFor(actionId: number, type: string, missing: NoSuchReference): Promise<ActionRow> {
    const action = await this.#actions.get(actionId);
    if (!action) throw missing;
    await this.#checkType(action, type);
    return action;
  }

  async #checkType({ id, name }: ActionRow, type: string): Promise<void> {
    if (await this.of(id, type)) throw new NameTaken('implementation', `${type} of action ${name}`);
  }

  async #record(
    verb: string,
    action: ActionRow,
    change: { before?: ImplementationRow; after: ImplementationRow },
  ): Promise<void> {
    this.#change.record('implementation', verb, action.name, change);
    await this.#actions.touch(action.id);
  }
}

function text(template: ImplementationRow['template']): string | null {
  return template === null ? null : JSON.stringify(storableJson(template));
}
