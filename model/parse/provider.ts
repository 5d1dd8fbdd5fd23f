import * as z from 'zod';
import { PROVIDER_NAMES, type ProviderSpec } from '../pool/provider.ts';
import { apiShape, endpoint, jsonPath } from './api-options.ts';
import { http } from './http-provider.ts';
import { nodeList } from './nodes.ts';
import { exactlyOne, given, listOf, object, optional, someDuration, text, wholeNumber } from './shapes.ts';

/** A number that a vendor knows something by. */
const id = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'a whole number from 1');
const secret = given.refine((value) => value !== '', {
  error: 'is empty',
  params: { expected: 'secret:NAME' },
});

const ssh = object({ spares: nodeList, within: optional(someDuration) });

const suanli = object({
  ...apiShape,
  taskId: id,
  token: secret,
  privateKey: optional(secret),
  version: optional(text),
  points: optional(wholeNumber(0, 100_000, 'a whole number of nodes')),
});

const jupiter = object({
  ...apiShape,
  cluster: optional(id),
  discovery: optional(object({ endpoint, id: optional(id), appkey: secret })),
});

const croupier = object({ ...apiShape, token: optional(secret), type: optional(text), address: optional(jsonPath) });

/** One, or a list of them. None would be all of the account's. */
const nodeIds = z.preprocess(
  (value) => (Array.isArray(value) || value === undefined ? value : [value]),
  listOf(id, "the id of a node, or a list of them; without the key, all of the account's"),
);

const top = object({
  ...apiShape,
  accesskey: secret,
  nodeId: optional(nodeIds),
  method: optional(z.enum(['PARALLEL', 'SEQUENTIAL'])),
});

const everai = object({ ...apiShape, namespace: optional(text), app: text, token: secret });

/** How a pool gets its machines, as it is written. Takes its own output, too. */
export const provider = object({
  ssh: optional(ssh),
  suanli: optional(suanli),
  jupiter: optional(jupiter),
  croupier: optional(croupier),
  top: optional(top),
  everai: optional(everai),
  http: optional(http),
})
  .refine(...exactlyOne(PROVIDER_NAMES))
  .transform((value, context): ProviderSpec => {
    const spec = only(value);
    if (spec) return spec;
    context.addIssue({ code: 'custom', message: 'is of no kind', input: value });
    return z.NEVER;
  });

function only(value: Partial<Written>): ProviderSpec | undefined {
  if (value.ssh) return { ssh: value.ssh };
  if (value.suanli) return { suanli: value.suanli };
  if (value.jupiter) return { jupiter: value.jupiter };
  if (value.croupier) return { croupier: value.croupier };
  if (value.top) return { top: value.top };
  if (value.everai) return { everai: value.everai };
  return value.http && { http: value.http };
}

interface Written {
  ssh: z.output<typeof ssh>;
  suanli: z.output<typeof suanli>;
  jupiter: z.output<typeof jupiter>;
  croupier: z.output<typeof croupier>;
  top: z.output<typeof top>;
  everai: z.output<typeof everai>;
  http: z.output<typeof http>;
}
