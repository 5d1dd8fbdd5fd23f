import { setTimeout as delay } from 'node:timers/promises';
import { actionScope, render, RenderError, secretVariable, type Rendered, type Scope } from '../model/render.ts';
import { quote } from '../model/shell.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Action, CopyAction, Step } from '../model/template.ts';
import { copyFile, CopyFailed } from '../remote/copy.ts';
import { runPlain } from '../remote/exec.ts';
import { Unreachable } from '../remote/errors.ts';
import { acknowledge, runJob, type Outcome } from '../remote/job.ts';
import type { Target } from '../remote/target.ts';
import type { JobRef } from '../store/jobs.ts';
import type { JobRow } from '../store/slice.ts';
import { ActionLog } from './action-log.ts';
import { decodeFile } from './files.ts';
import type { Dependencies } from './dependencies.ts';
import { probe } from './probe.ts';
import { SecretMissing } from './secrets.ts';

/** What an action on a node came to. */
export interface Ended {
  status: NodeStatus;
  exitCode: number | null;
  /** One sentence for a person; empty when it went well. */
  reason: string;
}

/** One try of one action on one node. */
export interface Attempt {
  ref: JobRef;
  action: Action;
  step: Pick<Step, 'params'>;
  /** What holds for the node. */
  scope: Scope;
  target: Target;
  /** ms */
  timeout: number;
  /** What an earlier attempt of the activity has left in the ledger. */
  known: JobRow | undefined;
  /** Takes a write that nothing here has to wait for. */
  later(write: Promise<void>): void;
  /** Aborts to end the command on the node. */
  kill: AbortSignal;
  /** Aborts to let go of the command and leave it running. */
  leave: AbortSignal;
}

/** Characters of a check's last answer that go into the reason. */
const ANSWER = 500;

const OK: Ended = { status: 'ok', exitCode: null, reason: '' };

/** Does it, or finds it done, or takes it up where it is. Every way it can end is a result; only infrastructure throws. */
export async function perform(dependencies: Dependencies, attempt: Attempt): Promise<Ended> {
  if (attempt.known?.outcome) return attempt.known.outcome as Ended;
  const { ended, onceDurable } = await performOnce(dependencies, attempt);
  attempt.later(dependencies.store.ledger.finishJob(attempt.ref, ended).then(onceDurable));
  return ended;
}

interface Performed {
  ended: Ended;
  /** The node may forget a command once its end is in the ledger. */
  onceDurable?: () => void;
}

async function performOnce(dependencies: Dependencies, attempt: Attempt): Promise<Performed> {
  try {
    const { action, step, scope } = attempt;
    const rendered = render(action, actionScope(scope, step, action));
    switch (rendered.kind) {
      case 'command':
        return await runCommand(dependencies, attempt, rendered);
      case 'copy':
        return { ended: await copy(dependencies, attempt, rendered.copy) };
      case 'probe':
        return { ended: await check(dependencies, attempt, rendered) };
      case 'wait':
        return { ended: await wait(attempt, rendered.ms) };
      case 'group':
        throw new Error(`${rendered.group} is for a whole batch, and came to a single node`);
    }
  } catch (error) {
    return { ended: readError(error, attempt) };
  }
}

function readError(error: unknown, { kill, leave }: Attempt): Ended {
  if (error instanceof Unreachable) return { status: 'unreachable', exitCode: null, reason: error.message };
  if (error instanceof SecretMissing || error instanceof RenderError || error instanceof CopyFailed)
    return { status: 'failed', exitCode: null, reason: error.message };
  if (kill.aborted && !leave.aborted) return cancelled(true, 'it was ended by an operator');
  throw error;
}

/* ---- commands ---- */

async function runCommand(
  { store, fleet, secrets, reconnectWithin, logLimit }: Dependencies,
  attempt: Attempt,
  command: Extract<Rendered, { kind: 'command' }>,
): Promise<Performed> {
  const { ref, target, known, timeout, kill, leave } = attempt;
  const values = await Promise.all(command.secrets.map(async (name) => [name, await secrets.read(name)] as const));
  const script =
    values.map(([name, value]) => `export ${secretVariable(name)}=${quote(value)}\n`).join('') + command.script;
  const from = { out: known?.out ?? 0, err: known?.err ?? 0 };
  const log = new ActionLog(store, ref, { limit: logLimit, secrets: values.map(([, value]) => value), from });
  const output = (stream: 'out' | 'err', offset: number, bytes: Buffer) => log.write(stream, offset, bytes);
  const limit = Math.ceil(timeout / 1000);
  const confidential = values.length > 0;

  if (command.idempotent) {
    const outcome = await runPlain(fleet, target, { script, limit, confidential }, output, {
      signal: AbortSignal.any([kill, leave]),
    });
    leave.throwIfAborted();
    await log.end();
    const ended = read(outcome, command.okExitCodes, timeout);
    return { ended: 'check' in attempt.action ? withLastAnswer(ended, log) : ended };
  }

  const id = jobId(ref);
  const begin = (token: string) => store.ledger.startJob(ref, token);
  const token = known?.token;
  const outcome = await runJob(
    fleet,
    target,
    { id, script, limit, confidential, from, ...(token && { token }) },
    { begin, output },
    { signal: kill, leave, reconnectWithin },
  );
  await log.end();
  return { ended: read(outcome, command.okExitCodes, timeout), onceDurable: () => acknowledge(fleet, target, id) };
}

/** The same on every attempt and after every crash, and never used again: what makes a command run once. */
export function jobId({ taskId, no, step, try: tried, action }: JobRef): string {
  return `${taskId}/${no}/${step}/${action}/${tried}`;
}

function read(outcome: Outcome, okExitCodes: number[], timeout: number): Ended {
  switch (outcome.kind) {
    case 'exited':
      return readExit(outcome, okExitCodes);
    case 'timed_out':
      return { status: 'timed_out', exitCode: null, reason: `killed after ${seconds(timeout)}, its timeout` };
    case 'cancelled':
      return cancelled(outcome.confirmed, outcome.reason);
    case 'unknown':
    case 'unreachable':
      return { status: outcome.kind, exitCode: null, reason: outcome.reason };
  }
}

function readExit(outcome: Extract<Outcome, { kind: 'exited' }>, okExitCodes: number[]): Ended {
  const { code, signal, lost } = outcome;
  if (lost)
    return {
      status: 'failed',
      exitCode: code,
      reason: `exit code ${code}, but the node's disk was full: output was lost`,
    };
  if (okExitCodes.includes(code)) return { status: 'ok', exitCode: code, reason: '' };
  return { status: 'failed', exitCode: code, reason: signal ? `ended by ${signal}` : `exit code ${code}` };
}

/** A check on the node tells by its standard error what the last probe said. */
function withLastAnswer(ended: Ended, log: ActionLog): Ended {
  const answer = log
    .lastWords('err')
    .trim()
    .replace(/\s*\n\s*/g, '; ');
  if (ended.exitCode === null || ended.status === 'ok' || answer === '') return ended;
  return { ...ended, reason: answer.length > ANSWER ? `…${answer.slice(-ANSWER)}` : answer };
}

function cancelled(confirmed: boolean, reason: string): Ended {
  if (confirmed) return { status: 'cancelled', exitCode: null, reason: reason || 'killed; the node confirmed it' };
  return { status: 'unknown', exitCode: null, reason: `the kill is not confirmed: ${reason}` };
}

/* ---- the others ---- */

async function copy({ store, fleet }: Dependencies, attempt: Attempt, action: CopyAction): Promise<Ended> {
  const content = await decodeFile(store.files, action);
  const { dest, mode, owner, sudo } = action;
  const { changed } = await copyFile(
    fleet,
    attempt.target,
    { dest, ...content, ...(mode && { mode }), ...(owner && { owner }), ...(sudo && { sudo }) },
    { signal: AbortSignal.any([attempt.kill, attempt.leave]) },
  );
  await note(store, attempt.ref, changed ? `${dest} written, ${content.size} bytes` : `${dest} is the same already`);
  return OK;
}

async function check(
  { store }: Dependencies,
  attempt: Attempt,
  what: Extract<Rendered, { kind: 'probe' }>,
): Promise<Ended> {
  const { healthy, answer } = await probe(what, AbortSignal.any([attempt.kill, attempt.leave]));
  const asked = what.http ?? what.tcp ?? '';
  await note(store, attempt.ref, `${asked}: ${answer}`);
  return healthy
    ? OK
    : { status: 'failed', exitCode: null, reason: `${asked} not healthy within ${seconds(what.within)}: ${answer}` };
}

async function wait(attempt: Attempt, ms: number): Promise<Ended> {
  await delay(ms, undefined, { signal: AbortSignal.any([attempt.kill, attempt.leave]) });
  return OK;
}

/** A line of our own in the node's log. */
async function note(store: Dependencies['store'], ref: JobRef, text: string): Promise<void> {
  const bytes = Buffer.from(`${text}\n`);
  await store.logs.append(ref, 'note', 0, bytes, bytes.length);
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}
