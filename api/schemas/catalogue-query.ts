import { z } from 'zod';

export const byName = z.object({ name: z.string().describe('its name, percent-encoded') });
export const byVersion = z.object({
  name: byName.shape.name,
  version: z.coerce.number().int().min(1).max(2_147_483_647),
});

const SORTS = ['name', '-name', 'id', '-id', 'updatedAt', '-updatedAt'] as const;

/** What every list of the catalogue takes. */
const list = {
  search: z.string().optional().describe('in name or description, without regard to upper and lower case'),
  sort: z.enum(SORTS).default('name'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional().describe('`next` of the page before, with the same sort'),
};

export const listQueries = {
  cluster: z.strictObject(list),
  service: z.strictObject({ ...list, cluster: z.string().optional().describe("of this cluster's") }),
  action: z.strictObject(list),
  step: z.strictObject(list),
  template: z.strictObject({ ...list, step: z.string().optional().describe('that use this step of the catalogue') }),
  schedule: z.strictObject({ ...list, pool: z.string().optional().describe('of this pool') }),
  pool: z.strictObject({ ...list, service: z.string().optional().describe("of this service's") }),
} as const;

/** Any of them. */
export type ListQuery = z.output<(typeof listQueries)['cluster']> & {
  cluster?: string | undefined;
  service?: string | undefined;
  step?: string | undefined;
  pool?: string | undefined;
};

export const poolNodesQuery = z.strictObject({
  name: z.string().optional().describe("a part of the node's name or address"),
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
});

export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('cursor of the next page; null on the last') });
