import type { GroupOptions } from '../model/pool/group-actions.ts';
import type { CroupierApi } from './croupier-api.ts';
import { Kept } from './kept.ts';
import { failed, ok, outcomeOf, timedOut } from './outcomes.ts';
import { isTrouble, orTrouble, type Patience, polled } from './polling.ts';
import type { Act, ActCall, Acted, ActOutcome, Call, Machine } from './provider.ts';

/** ms that a node has for what it is at, unless the step says otherwise. */
export const DRAINING = 30_000;

type List = (call: Call, ids: readonly string[]) => Promise<Machine[]>;

/** Undefined while it is under way. */
type Look = (machine: Machine) => ActOutcome | undefined;

export function croupierActs(
  api: CroupierApi,
  list: List,
  timing: Patience,
): Record<'drain' | 'undrain' | 'restart', Act> {
  /** Ends when the nodes are drained, or the time that they were given is over. */
  async function drain(machines: readonly Acted[], options: GroupOptions, call: ActCall): Promise<ActOutcome[]> {
    const timeout = Number(options['timeout'] ?? DRAINING);
    const deadline = Date.now() + timeout;
    const asked = await ofEach(machines, (id) => api.drain(id, timeout, call));
    const patience = { poll: timing.poll, within: Math.max(0, deadline - Date.now()) };
    return seen(asked, patience, call, isDrained, (id, machine) => {
      if (machine?.status !== 'leaving') return timedOut({ id }, `is ${wordOf(machine)} after it was drained`);
      // It is out of rotation, and what it is still at has had its time.
      call.say(`${id} is ${machine.detail}, and the ${timeout / 1000} s that it was given are over`);
      return ok({ id });
    });
  }

  async function undrain(machines: readonly Acted[], _options: GroupOptions, call: ActCall): Promise<ActOutcome[]> {
    const asked = await ofEach(machines, (id) => api.undrain(id, call));
    return seen(asked, timing, call, isInRotation, (id, machine) =>
      timedOut({ id }, `is ${wordOf(machine)} after it was undrained`),
    );
  }

  /** A restart is asked for once, whatever becomes of its reply. */
  async function restart(machines: readonly Acted[], options: GroupOptions, call: ActCall): Promise<ActOutcome[]> {
    const kept = new Kept(call);
    await sayCommands(api, call);
    const asked = await Promise.all(machines.map((machine) => restartOne(machine, kept, call)));
    const patience = { poll: timing.poll, within: Number(options['within'] ?? timing.within) };
    return seen(asked, patience, call, isBack, (id, machine) =>
      timedOut({ id }, `is ${wordOf(machine)} ${patience.within / 1000} s after its restart`),
    );
  }

  async function restartOne(machine: Acted, kept: Kept, call: ActCall): Promise<ActOutcome> {
    const begun = await kept.once(machine, () => api.restart(machine.id, call).then(() => ''));
    return 'answer' in begun ? ok(machine) : begun;
  }

  /** Looks at those that are ok so far, all in one list, until each is through; the others stay as they are. */
  async function seen(
    asked: readonly ActOutcome[],
    patience: Patience,
    call: Call,
    look: Look,
    atEnd: (id: string, machine: Machine | undefined) => ActOutcome,
  ): Promise<ActOutcome[]> {
    const outcomes = new Map<string, ActOutcome>();
    let last = new Map<string, Machine>();
    const waiting = () => asked.filter(({ id, status }) => status === 'ok' && !outcomes.has(id)).map(({ id }) => id);
    const lookAround = async () => {
      if (waiting().length === 0) return true;
      last = new Map((await list(call, waiting())).map((machine) => [machine.id, machine]));
      for (const id of waiting()) {
        const machine = last.get(id);
        const outcome = machine ? look(machine) : failed({ id }, 'croupier does not list it');
        if (outcome) outcomes.set(id, outcome);
      }
      return waiting().length === 0 || undefined;
    };
    await polled(lookAround, patience, call);
    return asked.map((outcome) =>
      outcome.status === 'ok' ? (outcomes.get(outcome.id) ?? atEnd(outcome.id, last.get(outcome.id))) : outcome,
    );
  }

  return { drain, undrain, restart };
}

/** What does not serve needs no draining. */
function isDrained({ id, status }: Machine): ActOutcome | undefined {
  return status === 'running' || status === 'leaving' ? undefined : ok({ id });
}

function isInRotation({ id, status, detail }: Machine): ActOutcome | undefined {
  if (status === 'failed' || status === 'gone') return failed({ id }, `is ${detail} after it was undrained`);
  return status === 'running' || status === 'pending' ? ok({ id }) : undefined;
}

function isBack({ id, status, detail }: Machine): ActOutcome | undefined {
  if (status === 'pending') return undefined;
  return status === 'failed' || status === 'gone' ? failed({ id }, `is ${detail} after its restart`) : ok({ id });
}

function wordOf(machine: Machine | undefined): string {
  return machine?.detail ?? 'of unknown status';
}

/** All at once. What went wrong is a machine's outcome. */
function ofEach(machines: readonly Acted[], attempt: (id: string) => Promise<void>): Promise<ActOutcome[]> {
  return Promise.all(
    machines.map(async (machine) => {
      const trouble = await orTrouble(() => attempt(machine.id));
      return isTrouble(trouble) ? outcomeOf(machine, trouble) : ok(machine);
    }),
  );
}

/** What croupier can run on nodes: tells why a restart is refused or has no effect. */
async function sayCommands(api: CroupierApi, call: Call): Promise<void> {
  const commands = await orTrouble(() => api.commands(call));
  if (isTrouble(commands) || commands.length === 0) return;
  call.say(`croupier's commands: ${commands.map(({ name }) => name).join(', ')}`);
}
