import { textAt } from '../model/json-path.ts';
import type { Api, ApiRequest } from './api.ts';
import { refusal } from './jupiter-machines.ts';
import { isTrouble, orTrouble } from './polling.ts';
import type { Call, Machine } from './provider.ts';

/** Of a failed machine's log. */
const LINES_SAID = 20;

/** What jupiter did with machines that came to nothing, said once each. */
export class JupiterLogs {
  readonly #api: Api;
  readonly #keys = new Map<string, string>();
  readonly #said = new Set<string>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Under this key jupiter keeps what it does for the machines. */
  correlate(ids: readonly string[], key: string): void {
    for (const id of ids) this.#keys.set(id, key);
  }

  async saidOfFailed(machines: Machine[], call: Call): Promise<Machine[]> {
    const failed = machines.filter(({ id, status }) => status === 'failed' && !this.#said.has(id));
    await Promise.all(failed.map((machine) => this.#say(machine, call)));
    return machines;
  }

  async #say({ id }: Machine, call: Call): Promise<void> {
    this.#said.add(id);
    const key = this.#keys.get(id);
    const of = key === undefined ? '' : `${encodeURIComponent(key)}/`;
    const request: ApiRequest = { method: 'GET', path: `/v1/instance/log/${of}${encodeURIComponent(id)}`, refusal };
    const text = await orTrouble(() => this.#api.once(request, call, ({ json }) => textAt(json, 'content') ?? ''));
    if (isTrouble(text)) return;
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    for (const line of lines.slice(-LINES_SAID)) call.say(`${id}: ${line}`);
  }
}
