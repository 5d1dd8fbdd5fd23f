import type { GroupOptions } from '../model/pool/group-actions.ts';
import type { TopSpec } from '../model/pool/provider.ts';
import { timingOf } from './api.ts';
import { Kept } from './kept.ts';
import { failed, ok, timedOut } from './outcomes.ts';
import { polled } from './polling.ts';
import type { Act, ActCall, Acted, ActOutcome, Call } from './provider.ts';
import type { TopApi } from './top-api.ts';
import { endOf, Progress, type TopCommand } from './top-command.ts';

/** Asks for a command on a node. */
type Send = (id: string, call: Call) => Promise<TopCommand>;

export type Verb = 'start_vm' | 'stop_vm' | 'upload_start' | 'history_start';

/** The commands of TOP's container service as acts. Each is asked for once and followed to its end, over all attempts. */
export class TopCommands {
  readonly #api: TopApi;
  readonly #spec: TopSpec;

  constructor(api: TopApi, spec: TopSpec) {
    this.#api = api;
    this.#spec = spec;
  }

  acts(): Record<Verb, Act> {
    const act =
      (verb: Verb): Act =>
      (machines, options, call) => {
        const bad = this.#badOption(options);
        if (bad !== undefined) return Promise.resolve(machines.map((machine) => failed(machine, bad)));
        const kept = new Kept(call);
        const send = this.send(verb, options);
        const within = Number(options['within'] ?? timingOf(this.#spec).within);
        return Promise.all(machines.map((machine) => this.#run(machine, send, within, kept, call)));
      };
    return {
      start_vm: act('start_vm'),
      stop_vm: act('stop_vm'),
      upload_start: act('upload_start'),
      history_start: act('history_start'),
    };
  }

  send(verb: Verb, options: GroupOptions): Send {
    const params = this.#params(options);
    switch (verb) {
      case 'start_vm':
        return (id, call) => this.#api.start(id, params, call);
      case 'stop_vm':
        return (id, call) => this.#api.stop(id, params, call);
      case 'upload_start':
        return (id, call) => this.#api.uploadStart(id, params, call);
      case 'history_start':
        return (id, call) => this.#api.historyStart(id, params, call);
    }
  }

  async #run(machine: Acted, send: Send, within: number, kept: Kept, call: ActCall): Promise<ActOutcome> {
    const { id } = machine;
    const begun = await kept.once(machine, () => send(id, call).then((command) => command.id));
    if (!('answer' in begun)) return begun;
    const end = await this.follow(id, begun.answer, within, call);
    if (end === undefined) return timedOut(machine, `command ${begun.answer} has not ended within ${within / 1000} s`);
    return end === '' ? ok(machine) : failed(machine, end);
  }

  /** Why the command has failed; empty when it went well, undefined when it has not ended in time. */
  follow(node: string, commandId: string, within: number, call: Call): Promise<string | undefined> {
    const progress = new Progress(node);
    const look = async () => {
      const command = await this.#api.command(commandId, call);
      for (const line of progress.news(command)) call.say(line);
      return endOf(command);
    };
    return polled(look, { poll: timingOf(this.#spec).poll, within }, call);
  }

  /** As they are asked for: what is not given is left to the vendor, but for the method. */
  #params({ method, update, url, version, imageName, imageTag }: GroupOptions): Record<string, string> {
    const given = { update, url, version, imageName, imageTag, method: methodOf(method, this.#spec) };
    return Object.fromEntries(
      Object.entries(given).flatMap(([key, value]) =>
        value === undefined || value === '' ? [] : [[key, String(value)]],
      ),
    );
  }

  #badOption({ method, update }: GroupOptions): string | undefined {
    const asked = methodOf(method, this.#spec);
    if (!METHODS.includes(asked)) return `method is ${asked}, expected one of ${METHODS.join(', ')}`;
    if (update !== undefined && !['', 'true', 'false'].includes(String(update)))
      return `update is ${update}, expected true or false`;
    return undefined;
  }
}

const METHODS = ['PARALLEL', 'SEQUENTIAL'];

function methodOf(option: string | number | undefined, { method = 'PARALLEL' }: TopSpec): string {
  return option === undefined || option === '' ? method : String(option);
}
