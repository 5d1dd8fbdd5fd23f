import { z } from 'zod';

/**
 * Any value, described as `shape` has it: for what the model checks in depth, with its own words for what is wrong, and for
 * what it has made itself, which need not be checked again on the way out.
 */
export function described(shape: z.ZodType, id?: string) {
  const description = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
  delete description.$schema;
  return z.unknown().meta({ ...description, ...(id !== undefined && { id }) });
}
