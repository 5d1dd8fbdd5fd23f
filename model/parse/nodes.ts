import * as z from 'zod';
import type { Node } from '../node.ts';
import { PARAM_NAME } from '../placeholder.ts';
import { ADDRESS_SHAPE, isHost, readAddress } from './address.ts';
import { Invalid } from './problem.ts';
import {
  distinctNames,
  given,
  listOf,
  mapOf,
  NODE_NAME,
  NODE_NAME_SHAPE,
  object,
  optional,
  port,
  scalar,
  text,
  written,
} from './shapes.ts';
import { parseText } from './text.ts';
import { type Origin, validate, withoutUndefined } from './validate.ts';

/** Checks nodes: a list, or `{defaults, nodes}`. Takes its own output, too. Throws Invalid with every problem. */
export function parseNodes(value: unknown): Node[] {
  return checked(withoutUndefined(value));
}

/** The same from YAML or JSON; problems name file and line. */
export function parseNodesText(source: string, file: string): Node[] {
  const { value, origin } = parseText(source, file);
  return checked(value, origin);
}

/** Nodes as the command line has them: `a,b,user@c:2222`. */
export function parseHostList(list: string): Node[] {
  try {
    return parseNodes(list.split(',').map((host) => host.trim()));
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(error.problems.map((problem) => ({ ...problem, path: `--nodes ${list}` })));
  }
}

function checked(value: unknown, origin?: Origin): Node[] {
  return Array.isArray(value) ? validate(distinct, value, origin) : validate(withDefaults, value, origin);
}

const NAME = scalar(NODE_NAME_SHAPE, (value) =>
  typeof value === 'string' && NODE_NAME.test(value) ? value : undefined,
);

const HOST = scalar('the name or IP address of a host; port and user have keys of their own', (value) => {
  const host = typeof value === 'string' ? value.replace(/^\[(.*)\]$/, '$1') : '';
  return isHost(host) ? host : undefined;
});

const VIA = scalar(ADDRESS_SHAPE, (value) => (typeof value === 'string' && readAddress(value) ? value : undefined));

const USER = scalar("a user's name", (value) =>
  typeof value === 'string' && /^[^\s@:/-][^\s@:/]*$/.test(value) ? value : undefined,
);

/** How a node is reached. */
export const sshShape = {
  port: optional(port),
  user: optional(USER),
  identityFile: optional(text),
  knownHosts: optional(text),
  via: optional(VIA),
  hostKeys: optional(z.enum(['strict', 'first-use'])),
};

/** What `defaults` may say, too. */
const reach = {
  ...sshShape,
  labels: optional(mapOf(written)),
  params: optional(
    mapOf(given, { pattern: PARAM_NAME, expected: '1-100 letters, digits, _ or -, beginning with a letter or _' }),
  ),
};

/** A text is an address; the node has the same name. */
const fromText = z.preprocess(
  (value, context) => {
    if (typeof value !== 'string') return value;
    const address = readAddress(value);
    if (!address) {
      context.addIssue({ code: 'custom', message: `is ${JSON.stringify(value)}`, params: { expected: ADDRESS_SHAPE } });
      return z.NEVER;
    }
    const { host, user, port: number } = address;
    return {
      name: number === undefined ? host : `${host}:${number}`,
      address: host,
      ...(number !== undefined && { port: number }),
      ...(user !== undefined && { user }),
    };
  },
  object({ name: optional(NAME), address: HOST, ...reach }),
);

const node = fromText.transform(({ name, ...others }, context): Node => {
  if (name !== undefined || NODE_NAME.test(others.address)) return { name: name ?? others.address, ...others };
  context.addIssue({ code: 'custom', path: ['name'], message: 'is missing', params: { expected: NODE_NAME_SHAPE } });
  return z.NEVER;
});

/** Nodes, or none. */
export const nodeList = z.array(node).check(distinctNames('each node once, by a name of its own'));
const distinct = listOf(node, 'one node at least').check(distinctNames('each node once, by a name of its own'));

const withDefaults = object({ defaults: optional(object(reach)), nodes: distinct }).transform(({ defaults, nodes }) =>
  defaults ? nodes.map((item) => merged(defaults, item)) : nodes,
);

function merged(defaults: Partial<Node>, item: Node): Node {
  const both: Node = { ...defaults, ...item };
  if (defaults.labels) both.labels = { ...defaults.labels, ...item.labels };
  if (defaults.params) both.params = { ...defaults.params, ...item.params };
  return both;
}
