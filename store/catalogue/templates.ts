import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';

import type { TemplateSpec } from '../../model/template.ts';
import type { Schema } from '../schema.ts';
import { storable } from '../sql.ts';
import type { Change } from './change.ts';
import { TableReader } from './reader.ts';
import { TEMPLATES } from './tables.ts';
import type { CatalogueReads, TemplateFilter, TemplateRow, TemplateVersion, Values } from './types.ts';
import { usersOf } from './users.ts';
import { TableWriter } from './writer.ts';

type Templates = CatalogueReads['templates'];

export class TemplateReader extends TableReader<TemplateRow, TemplateFilter> implements Templates {
  constructor(db: Kysely<Schema>) {
    super(db, TEMPLATES);
  }

  versions(id: number): Promise<TemplateVersion[]> {
    return versionsOf(this.db, id);
  }

  version(id: number, version: number): Promise<TemplateVersion | undefined> {
    return versionOf(this.db, id, version);
  }
}

/** A template's name and description are those of its spec. Each version of it is kept. */
export class TemplateWriter extends TableWriter<TemplateRow, TemplateFilter> implements Templates {
  constructor(change: Change) {
    super(change, TEMPLATES, (row) => usersOf.template(change.db, row));
  }

  override async create(
    values: Values<TemplateRow> & { name: string },
    options: { id?: number } = {},
  ): Promise<TemplateRow> {
    const row = await super.create(inSpec(values, { name: values.name, params: {}, steps: [] }), options);
    await this.#keep(row);
    return row;
  }

  override async update(
    id: number,
    values: Values<TemplateRow>,
    options: { version?: number } = {},
  ): Promise<TemplateRow> {
    const before = await this.present(id, options.version);
    const after = inSpec(values, before.spec);
    const areOtherSteps = !isDeepStrictEqual(plain(after.spec.steps), before.spec.steps);
    const row = await super.update(id, { ...(areOtherSteps && { opendcp: null }), ...after }, options);
    if (row.version !== before.version) await this.#keep(row);
    return row;
  }

  versions(id: number): Promise<TemplateVersion[]> {
    return versionsOf(this.db, id);
  }

  version(id: number, version: number): Promise<TemplateVersion | undefined> {
    return versionOf(this.db, id, version);
  }

  async #keep({ id, version, spec, opendcp }: TemplateRow): Promise<void> {
    const json = { spec: JSON.stringify(spec), opendcp: opendcp === null ? null : JSON.stringify(opendcp) };
    await this.db
      .insertInto('templateVersions')
      .values({ templateId: id, version, ...json, by: storable(this.change.actor.name) })
      .execute();
  }
}

const VERSION = ['version', 'spec', 'opendcp', 'at', 'by'] as const;

/** Newest first. */
function versionsOf(db: Kysely<Schema>, id: number): Promise<TemplateVersion[]> {
  const versions = db.selectFrom('templateVersions').select(VERSION).where('templateId', '=', id);
  return versions.orderBy('version', 'desc').execute();
}

async function versionOf(db: Kysely<Schema>, id: number, version: number): Promise<TemplateVersion | undefined> {
  if (!Number.isInteger(version) || Math.abs(version) >= 2 ** 31) return undefined;
  const versions = db.selectFrom('templateVersions').select(VERSION).where('templateId', '=', id);
  return await versions.where('version', '=', version).executeTakeFirst();
}

/** The values with what they say of name and description put into the spec, which decides where it was given itself. */
function inSpec<Given extends Values<TemplateRow>>(values: Given, old: TemplateSpec) {
  const spec = values.spec ?? described({ ...old, name: values.name ?? old.name }, values.desc ?? old.description);
  return { ...values, spec, name: spec.name, desc: spec.description ?? '' };
}

function described(spec: TemplateSpec, description = ''): TemplateSpec {
  const copy: TemplateSpec = { ...spec, description };
  if (description === '') delete copy.description;
  return copy;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
