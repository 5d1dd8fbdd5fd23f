import type { TopSpec } from '../model/pool/provider.ts';
import { timingOf } from './api.ts';
import type { Given } from './given.ts';
import { polled } from './polling.ts';
import { type Call, type Machine, Refused, type Taker, Unclear } from './provider.ts';
import { releaseEach, Setbacks } from './taking.ts';
import { TopCommands, type Verb } from './top-acts.ts';
import { TopApi, type TopNode } from './top-api.ts';

/**
 * Nodes of TOP's container service (seed 003), which cannot be logged in to: those that stand still are spare, taking is
 * starting, and giving back is stopping.
 */
export async function top(spec: TopSpec, given: Given): Promise<Taker> {
  const api = await TopApi.open(spec, given);
  const commands = new TopCommands(api, spec);
  const timing = timingOf(spec);
  const setbacks = new Setbacks();
  const ofPool = spec.nodeId === undefined ? undefined : [spec.nodeId].flat().map(String);

  async function nodes(call: Call): Promise<TopNode[]> {
    const [only, ...others] = ofPool ?? [];
    if (only !== undefined && others.length === 0) return [await api.node(only, call)];
    return (await api.nodes(call)).filter(({ id }) => ofPool?.includes(id) ?? true);
  }

  async function list(call: Call, ids?: readonly string[]): Promise<Machine[]> {
    const wanted = (await nodes(call)).filter(({ id }) => ids?.includes(id) ?? true);
    return setbacks.listed(wanted.map(machineOf));
  }

  /** Those of the nodes that are in one of these states. */
  async function among(ids: readonly string[], statuses: readonly Machine['status'][], call: Call): Promise<string[]> {
    const there = (await nodes(call)).map(machineOf);
    return there.filter(({ id, status }) => ids.includes(id) && statuses.includes(status)).map(({ id }) => id);
  }

  /** Gives a command and waits for its end. */
  async function carryOut(verb: Verb, id: string, within: number, call: Call): Promise<void> {
    const { id: commandId } = await commands.send(verb, {})(id, call);
    const end = await commands.follow(id, commandId, within, call);
    if (end === undefined)
      throw new Unclear(`top: command ${commandId} on node ${id} has not ended within ${within / 1000} s`);
    if (end !== '') throw new Refused(`top: node ${id}: ${end}`);
  }

  return {
    how: 'takes',
    timing,
    listsGroup: true,
    list,
    acts: commands.acts(),

    async take(ids, options, call) {
      const within = Number(options['within'] ?? timing.within);
      const idle = await among(ids, ['spare'], call);
      await setbacks.takeEach(ids, async (id) => {
        if (!idle.includes(id)) return;
        try {
          await carryOut('start_vm', id, within, call);
        } catch (error) {
          // The node itself tells whether the command came about: it is not given twice while that may show.
          if (!(error instanceof Unclear) || !(await hasStarted(id, call))) throw error;
        }
      });
    },

    async release(ids, options, call) {
      const within = Number(options['within'] ?? timing.within);
      await releaseEach(await among(ids, ['running', 'pending', 'failed'], call), (id) =>
        carryOut('stop_vm', id, within, call),
      );
    },
  };

  async function hasStarted(id: string, call: Call): Promise<boolean> {
    const look = async () => (await among([id], ['running', 'pending'], call)).length > 0 || undefined;
    return (await polled(look, { poll: timing.poll, within: timing.settle }, call)) ?? false;
  }
}

const STATUSES: Partial<Record<string, Machine['status']>> = {
  CREATED: 'spare',
  STOPPED: 'spare',
  RUNNING: 'running',
  DELETING: 'leaving',
};

/** Of containers of a node that is being started. */
const STARTING = new Set(['ALLOCATING', 'ALLOCATED', 'STARTING']);

function machineOf({ id, status: word, containers }: TopNode): Machine {
  const status = STATUSES[word] ?? 'failed';
  const isStarting = status === 'spare' && containers.some((container) => STARTING.has(container));
  const detail = containers.length === 0 ? word : `${word}, containers ${containers.join(', ')}`;
  return { id, status: isStarting ? 'pending' : status, detail };
}
