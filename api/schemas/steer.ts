import { z } from 'zod';

const names = z.array(z.string()).min(1).describe("names of the task's nodes");

export const stopBody = z
  .strictObject({ kill: z.boolean().default(false).describe('end the commands that run, too') })
  .nullish();

export const retryBody = z
  .strictObject({ nodes: names.optional().describe('only these; all failed ones when not given') })
  .nullish();

export const skipBody = z.strictObject({ nodes: names });
