import type { Document } from '../../model/catalogue/document.ts';
import { written } from '../../model/catalogue/written.ts';
import {
  actionDocument,
  clusterDocument,
  serviceDocument,
  stepDocument,
  templateDocument,
} from '../../store/catalogue/documents.ts';
import type {
  ActionRow,
  CatalogueReads,
  ClusterRow,
  ServiceRow,
  StepRow,
  TemplateRow,
  TemplateVersion,
} from '../../store/catalogue/types.ts';

/** What the store knows of a thing, besides what its document says. */
interface Stamped {
  id: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** Several at once: what they refer to is looked up once for all of them. */
export type Views<Row> = (reads: CatalogueReads, rows: readonly Row[]) => object[] | Promise<object[]>;

export const clusters: Views<ClusterRow> = (_, rows) => rows.map((row) => view(clusterDocument(row), row));

export const services: Views<ServiceRow> = async ({ clusters }, rows) => {
  const names = await namesOf(
    rows.map(({ clusterId }) => clusterId),
    (id) => clusters.get(id),
  );
  return rows.map((row) => view(serviceDocument(row, names.get(row.clusterId) ?? ''), row));
};

export const actions: Views<ActionRow> = async ({ implementations }, rows) => {
  const found = await implementations.ofAll(rows.map(({ id }) => id));
  return rows.map((row) => view(actionDocument(row, found.get(row.id)), row));
};

export const steps: Views<StepRow> = (_, rows) => rows.map((row) => view(stepDocument(row), row));

export const templates: Views<TemplateRow> = (_, rows) => rows.map((row) => view(templateDocument(row), row));

/** A template without what its steps do. */
export const templateSummaries: Views<TemplateRow> = (_, rows) =>
  rows.map(({ name, spec, ...row }) => ({
    name,
    ...(spec.description !== undefined && { description: spec.description }),
    ...stamps(row),
    paramNames: Object.keys(spec.params),
    stepNames: spec.steps.map((step) => step.name),
  }));

export function templateVersionView(name: string, { version, spec, at, by }: TemplateVersion): object {
  return { ...fieldsOf({ kind: 'template', ...spec, name }), version, at: at.toISOString(), by };
}

/** A thing as it is read: its document without the kind, and what the store knows of it. */
function view(document: Document, row: Stamped): object {
  return { ...fieldsOf(document), ...stamps(row) };
}

/** A document without its kind, which the URL says. */
export function fieldsOf(document: Document): Record<string, unknown> {
  const fields: Record<string, unknown> = written(document);
  delete fields['kind'];
  return fields;
}

export function stamps({ id, version, createdAt, updatedAt }: Stamped) {
  return { id, version, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

/** Names by id, each asked for once. */
export async function namesOf(
  ids: readonly number[],
  get: (id: number) => Promise<{ name: string } | undefined>,
): Promise<Map<number, string>> {
  const found = await Promise.all([...new Set(ids)].map(async (id) => [id, (await get(id))?.name] as const));
  return new Map(found.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])));
}
