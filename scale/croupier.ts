import { NotThere, textAt } from '../model/json-path.ts';
import type { CroupierSpec } from '../model/pool/provider.ts';
import { timingOf } from './api.ts';
import { croupierActs, DRAINING } from './croupier-acts.ts';
import { CroupierApi, type CroupierNode } from './croupier-api.ts';
import { statusOf } from './croupier-status.ts';
import type { Given } from './given.ts';
import type { Call, Machine, Taker } from './provider.ts';
import { releaseEach, Setbacks } from './taking.ts';

/**
 * The nodes of croupier (seed 002), or those of one type: what is drained is spare, taking is undraining, and giving back is
 * draining. With `address`, a path in what is listed of a node (`ip`) or in its meta (`net.ip`), they can be reached over SSH.
 */
export async function croupier(spec: CroupierSpec, given: Given): Promise<Taker> {
  const api = await CroupierApi.open(spec, given);
  const timing = timingOf(spec);
  const addresses = new Addresses(api, spec.address);
  const setbacks = new Setbacks();

  async function nodes(call: Call): Promise<CroupierNode[]> {
    const { type } = spec;
    const all = await api.nodes({ ...(type !== undefined && { type }) }, call);
    return all.filter((node) => type === undefined || node.type === '' || sameWord(node.type, type));
  }

  async function list(call: Call, ids?: readonly string[]): Promise<Machine[]> {
    const wanted = (await nodes(call)).filter(({ id }) => ids?.includes(id) ?? true);
    return setbacks.listed(await Promise.all(wanted.map((node) => machineOf(node, addresses, call))));
  }

  return {
    how: 'takes',
    timing,
    listsGroup: true,
    list,
    acts: croupierActs(api, list, timing),

    take: (ids, _options, call) => setbacks.takeEach(ids, (id) => api.undrain(id, call)),

    /** croupier has no good answer for a node that it does not know: only those that it lists are asked for. */
    async release(ids, _options, call) {
      const there = (await nodes(call)).filter(({ id, status }) => ids.includes(id) && !isOut(status));
      await releaseEach(
        there.map(({ id }) => id),
        (id) => api.drain(id, DRAINING, call),
      );
    },
  };
}

async function machineOf(node: CroupierNode, addresses: Addresses, call: Call): Promise<Machine> {
  const status = statusOf(node);
  const address = status === 'running' || status === 'pending' ? await addresses.of(node, call) : undefined;
  const detail = node.status === '' ? 'no status' : node.status;
  return { id: node.id, status, detail, ...(address !== undefined && { address }) };
}

/** Drained, or on the way there. */
function isOut(status: string): boolean {
  return ['spare', 'leaving'].includes(statusOf({ status, updatedAt: undefined }));
}

function sameWord(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Where nodes are; a node's meta is asked for once. */
class Addresses {
  readonly #api: CroupierApi;
  readonly #path: string | undefined;
  readonly #inMeta = new Map<string, string>();

  constructor(api: CroupierApi, path: string | undefined) {
    this.#api = api;
    this.#path = path;
  }

  async of({ id, json }: CroupierNode, call: Call): Promise<string | undefined> {
    if (this.#path === undefined) return undefined;
    const told = textIn(json, this.#path) ?? textIn(json, `meta.${this.#path}`) ?? this.#inMeta.get(id);
    if (told !== undefined) return told;
    const found = textIn(await this.#api.meta(id, call), this.#path);
    if (found !== undefined) this.#inMeta.set(id, found);
    return found;
  }
}

/** Undefined for nothing, or an empty text. */
function textIn(json: CroupierNode['json'], path: string): string | undefined {
  try {
    const text = textAt(json, path);
    return text === '' ? undefined : text;
  } catch (error) {
    if (error instanceof NotThere) return undefined;
    throw error;
  }
}
