import type { Json } from '../json.ts';
import type { Node } from '../node.ts';
import type { GroupKind } from './group-actions.ts';

/** Durations in ms. */
export interface ApiOptions {
  endpoint: string;
  /** For one request. Default 30 s. */
  timeout?: number;
  /** Between two looks at the whole group. Default 5 s. */
  poll?: number;
  /** For machines to run, to be gone, for a command to end. Default 15 min. */
  within?: number;
  /** How long machines of a request whose reply was lost are looked for. Default 15 s. */
  settle?: number;
  /** Default 10. */
  requestsPerSecond?: number;
}

/** How a pool gets its machines. Values `secret:NAME` are read where the work is done. Exactly one key. */
export type ProviderSpec =
  | { ssh: { spares: Node[]; within?: number } }
  | { suanli: SuanliSpec }
  | { jupiter: JupiterSpec }
  | { croupier: CroupierSpec }
  | { top: TopSpec }
  | { everai: EveraiSpec }
  | { http: HttpSpec };

/** seed 000. `privateKey` (PEM): signed mode. `points`: what the task is set to before Drover sets it for the first time (default 0). */
export interface SuanliSpec extends ApiOptions {
  taskId: number;
  token: string;
  privateKey?: string;
  version?: string;
  points?: number;
}

/** seed 001. `cluster`: default the pool's OpenDCP vm_type; `discovery.id`: its sd_id. */
export interface JupiterSpec extends ApiOptions {
  cluster?: number;
  discovery?: { endpoint: string; id?: number; appkey: string };
}

/** seed 002. `type`: only nodes of this type; `address`: where in a node's meta its address is, as `net.ip`. */
export interface CroupierSpec extends ApiOptions {
  token?: string;
  type?: string;
  address?: string;
}

/** seed 003. `nodeId`: the pool's nodes; without it all of the account's. `method`: of deployments, default PARALLEL. */
export interface TopSpec extends ApiOptions {
  accesskey: string;
  nodeId?: number | number[];
  method?: 'PARALLEL' | 'SEQUENTIAL';
}

/** seed 004. `namespace`: default `default`. */
export interface EveraiSpec extends ApiOptions {
  namespace?: string;
  app: string;
  token: string;
}

/**
 * Any other API. Texts may have the placeholders of http-request.ts. Paths in replies are as in json-path.ts: `data.items[0].id`,
 * `[*]` for every entry, `?` after what may be missing.
 */
export interface HttpSpec extends ApiOptions {
  /** Of every request. */
  headers?: Record<string, string>;
  /** Made once for all machines with `{{count}}`, else once for each. */
  create: HttpRequest & {
    /** Where the new machines' ids are. */
    ids: string;
    /** A repeated `{{key}}` gives the machines of the first time. */
    keyed?: boolean;
  };
  /** Of this pool's machines and no others. */
  list: HttpRequest & {
    items: string;
    /** Within an item. */
    id: string;
    status: string;
    /** Without it the machines are workers that cannot be reached over SSH. */
    address?: string;
    /** Of its SSH server. Without it as for any node. */
    port?: string;
    running: string[];
    failed?: string[];
    leaving?: string[];
    /** Listed, but not there any more. Any other status is `pending`. */
    gone?: string[];
    pages?: HttpPages;
  };
  release: HttpRequest;
  register?: HttpActRequest;
  unregister?: HttpActRequest;
  drain?: HttpActRequest;
  undrain?: HttpActRequest;
  restart?: HttpActRequest;
}

export interface HttpActRequest extends HttpRequest {
  /** Twice is as once. Default: as its method has it in HTTP. */
  repeatable?: boolean;
}

export interface HttpRequest {
  /** Default: GET for list, DELETE for release, else POST. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query, from the endpoint on. */
  path: string;
  headers?: Record<string, string>;
  body?: Json;
  /** Statuses that are well. Default: any 2xx. */
  okStatus?: number[];
  /** A value that a reply has when it went well: `{ path: code, is: "0" }`. */
  ok?: { path: string; is: string };
}

/** `query`: the parameter that tells the page: what the reply before has at `next`, or without `next` a number from 1. */
export interface HttpPages {
  query: string;
  next?: string;
}

export type ProviderName = 'ssh' | 'suanli' | 'jupiter' | 'croupier' | 'top' | 'everai' | 'http';
export const PROVIDER_NAMES: readonly ProviderName[] = [
  'ssh',
  'suanli',
  'jupiter',
  'croupier',
  'top',
  'everai',
  'http',
];

/** What can be known of a provider without asking it. */
export interface Traits {
  /** `machines` have addresses; `workers` are listed by id and status and cannot be reached over SSH; of a `count` nothing is known. */
  knows: 'machines' | 'workers' | 'count';
  /** `makes`: new machines come with ids of the vendor's. `takes`: from a fixed set of spares. `counts`: only the number is set. */
  how: 'makes' | 'takes' | 'counts';
  /** Group actions that it has, besides create_vm and return_vm, which all have. */
  acts: readonly GroupKind[];
}

export function providerName(spec: ProviderSpec): ProviderName {
  const name = PROVIDER_NAMES.find((one) => one in spec);
  if (!name) throw new Error(`a provider of no kind: ${Object.keys(spec).join(', ')}`);
  return name;
}

/** `drain` and `undrain` are Drover's own marks, too, so every pool of nodes has them: see fit.ts. */
export function traitsOf(spec: ProviderSpec): Traits {
  if ('ssh' in spec) return { knows: 'machines', how: 'takes', acts: ['await_vm'] };
  if ('suanli' in spec) return { knows: 'count', how: 'counts', acts: [] };
  if ('jupiter' in spec) {
    const discovery: GroupKind[] = spec.jupiter.discovery ? ['register', 'unregister'] : [];
    return { knows: 'machines', how: 'makes', acts: ['await_vm', ...discovery] };
  }
  if ('croupier' in spec) {
    const knows = spec.croupier.address === undefined ? 'workers' : 'machines';
    return { knows, how: 'takes', acts: ['await_vm', 'drain', 'undrain', 'restart'] };
  }
  if ('top' in spec) {
    const acts: GroupKind[] = ['await_vm', 'start_vm', 'stop_vm', 'upload_start', 'history_start'];
    return { knows: 'workers', how: 'takes', acts };
  }
  if ('everai' in spec) return { knows: 'workers', how: 'makes', acts: ['await_vm'] };
  const { list } = spec.http;
  const described = (['register', 'unregister', 'drain', 'undrain', 'restart'] as const).filter(
    (act) => spec.http[act] !== undefined,
  );
  return { knows: list.address === undefined ? 'workers' : 'machines', how: 'makes', acts: ['await_vm', ...described] };
}

/** Whether two providers have machines in common: pools of one vendor's account, or that list the same spare. */
export function isSameSet(one: ProviderSpec | null, other: ProviderSpec | null): boolean {
  if (!one || !other || providerName(one) !== providerName(other)) return false;
  if ('ssh' in one && 'ssh' in other) {
    const places = new Set(one.ssh.spares.map(placeOf));
    return other.ssh.spares.some((spare) => places.has(placeOf(spare)));
  }
  return endpointOf(one) === endpointOf(other);
}

function placeOf({ name, address, port = 22 }: Node): string {
  return `${name} ${address} ${port}`;
}

function endpointOf(spec: ProviderSpec): string {
  const [{ endpoint = '' } = {}] = Object.values<Partial<ApiOptions>>(spec);
  return endpoint;
}
