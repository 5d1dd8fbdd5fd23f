import { randomBytes } from 'node:crypto';
import type { Contact } from './contact.ts';
import { within } from './deadline.ts';
import { ContactLost, messageOf, Refused, Unreachable } from './errors.ts';
import type { Fleet } from './fleet.ts';
import type { Stream } from './node/answer.ts';
import type { Pull } from './node/pull.ts';
import { encodeScript, verbs } from './node/verbs.ts';
import { exited, type Outcome } from './outcome.ts';
import type { Journal } from './run.ts';
import type { Target } from './target.ts';

/** A command that may run twice without harm. */
export interface PlainCommand {
  /** For /bin/sh. */
  script: string;
  /** Seconds until it is killed with all its children, 0 for none; fractions count as whole seconds. */
  limit: number;
  /** No trace of it in a list of processes. */
  confidential?: boolean;
}

/** Every SSH server takes a packet of 32 KiB; longer commands go over standard input. */
const LONGEST_COMMAND = 30_000;
/** ms of silence after the command ended, until output that is still open is left to whatever holds it. */
const AFTER_EXIT = 2000;
/** ms for the node to confirm a kill. */
const CONFIRM_WITHIN = 12_000;

/**
 * Runs a command on a channel of its own, at a somewhat lower cost than a job's (measured: 7-32 % less) and without its guarantees: when the
 * connection breaks, the outcome is unknown, and a time limit cannot be kept.
 */
export async function runPlain(
  fleet: Fleet,
  target: Target,
  command: PlainCommand,
  output: Journal['output'],
  options: { signal?: AbortSignal } = {},
): Promise<Outcome> {
  let release = () => {};
  try {
    const contact = fleet.contact(target);
    release = contact.hold();
    return await runOn(contact, command, output, options.signal);
  } catch (error) {
    if (error instanceof Unreachable || error instanceof Refused)
      return { kind: 'unreachable', reason: messageOf(error) };
    if (!(error instanceof ContactLost)) throw error;
    return {
      kind: 'unknown',
      reason: `lost the connection (${messageOf(error)}); the command may still be running there`,
    };
  } finally {
    release();
  }
}

/** The same over a contact that is held. Throws Unreachable, Refused, ContactLost. */
export async function runOn(
  contact: Contact,
  command: PlainCommand,
  output: Journal['output'],
  signal?: AbortSignal,
): Promise<Outcome> {
  const id = `plain-${randomBytes(10).toString('hex')}`;
  const { text, input } = commandLine(command, `${contact.base}:${id}:`);
  if (signal?.aborted) return notStarted();
  const channel = await contact.exec(text);
  let early: Promise<Outcome> | undefined;
  const endBy = (make: (killed: boolean) => Outcome) => {
    early ??= kill(contact, id)
      .then(make)
      .finally(() => channel.close());
  };
  const onAbort = () => endBy(cancelled);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  const timer = command.limit > 0 ? setTimeout(() => endBy(timedOut), Math.ceil(command.limit) * 1000) : undefined;
  try {
    channel.end(input);
    // A background process that keeps the output open must not hold up the result.
    channel.onExit(() => channel.endWhenQuiet(AFTER_EXIT));
    await Promise.all([pass(channel.out, 'out', output), pass(channel.err, 'err', output)]);
    if (early) return await early;
    if (channel.exitCode === undefined) await channel.closed; // the end of the output comes first
    if (channel.exitCode === undefined) throw channel.brokenOff();
    return exited(channel.exitCode, { held: channel.open });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    channel.close();
  }
}

/** One line that means the same to every login shell: `sh` decodes the script, which takes a fork only where it must. */
function commandLine({ script, confidential = false }: PlainCommand, cookie: string): { text: string; input: string } {
  const encoded = encodeScript(script).replace(
    /['!]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  const mark = `DROVER_JOB=${cookie}; export DROVER_JOB`;
  const inline = encoded.includes('\\')
    ? `exec /bin/sh -c '${mark}; eval "$(printf %b "$1")"' sh '${encoded}'`
    : `exec /bin/sh -c '${mark}; ${encoded}'`;
  if (!confidential && inline.length <= LONGEST_COMMAND) return { text: inline, input: '' };
  const read = `IFS= read -r script; ${mark}; exec < /dev/null; eval "$(printf %b "$script")"`;
  return { text: `exec /bin/sh -c '${read}'`, input: `${encodeScript(script)}\n` };
}

async function pass(from: Pull, stream: Stream, output: Journal['output']): Promise<void> {
  let offset = 0;
  for (let bytes = await from.next(); bytes; bytes = await from.next()) {
    await output(stream, offset, bytes);
    offset += bytes.length;
  }
}

/** Whether the node says that it killed everything that carries the command's mark. */
async function kill(contact: Contact, id: string): Promise<boolean> {
  const stopped = async () => {
    const session = await contact.control();
    await session.ask(verbs.stop(id));
    session.giveBack();
    return true;
  };
  return within(CONFIRM_WITHIN, stopped(), () => new ContactLost('no answer')).catch(() => false);
}

function timedOut(killed: boolean): Outcome {
  if (killed) return { kind: 'timed_out' };
  return { kind: 'unknown', reason: 'it ran past its time limit, and the node did not confirm that it was killed' };
}

function cancelled(killed: boolean): Outcome {
  const reason = killed
    ? 'it was killed on the node'
    : 'the node did not confirm that it was killed; it may still be running there';
  return { kind: 'cancelled', confirmed: killed, reason };
}

function notStarted(): Outcome {
  return { kind: 'cancelled', confirmed: true, reason: 'it had not been started' };
}
