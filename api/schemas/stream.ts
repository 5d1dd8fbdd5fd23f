import { z } from 'zod';

const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform((text) => text === '1' || text === 'true');

export const logQuery = z.strictObject({
  node: z.string().optional().describe("one node's name; its lines then come without a prefix"),
  step: z.string().optional().describe("one step's name"),
  follow: flag.describe('1: server-sent events until the task has ended'),
  raw: flag.describe("1: the commands' bytes as they are; with follow, base64 in each event"),
  format: z
    .enum(['text', 'json'])
    .default('text')
    .describe('json: an array of `{node, step, try, action, stream, text}`'),
});

export type LogQuery = z.output<typeof logQuery>;

/** `Last-Event-ID` of a client that comes back. */
export const resumable = z.object({ 'last-event-id': z.string().optional() });

export const textReply = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: z.string() } },
});
