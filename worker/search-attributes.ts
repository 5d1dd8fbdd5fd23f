import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto'; // CommonJS: only a default import works under Node
import { SEARCH_ATTRIBUTES } from '../model/search-attributes.ts';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

/** Registers what tasks are found by in Temporal's UI; what is there already stays. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { operatorService } = connection;
  const names = Object.values(SEARCH_ATTRIBUTES);
  const known = await operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => !(name in known.customAttributes));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
  });
}
