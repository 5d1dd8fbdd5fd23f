import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../model/search-attributes.ts';

/** What tasks are found by in Temporal. */
export const keys = {
  template: defineSearchAttributeKey(SEARCH_ATTRIBUTES.template, 'KEYWORD'),
  pool: defineSearchAttributeKey(SEARCH_ATTRIBUTES.pool, 'KEYWORD'),
  state: defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, 'KEYWORD'),
};
