import type { GroupKind, GroupOptions } from '../model/pool/group-actions.ts';
import type { Node } from '../model/node.ts';

/** What a provider says of one machine. */
export interface Machine {
  /** The vendor's. */
  id: string;
  /**
   * `spare`: there to be taken. `pending`: on its way. `running`: at work. `failed`: will not run. `leaving`: on its way out.
   * `gone`: listed, but no more.
   */
  status: 'spare' | 'pending' | 'running' | 'failed' | 'leaving' | 'gone';
  /** The vendor's own word for it. */
  detail: string;
  /** Where it can be reached over SSH, once that is known. */
  address?: string;
  /** What else is known of how to reach it. */
  ssh?: Partial<Omit<Node, 'name' | 'address'>>;
}

/** What every call is handed. */
export interface Call {
  /** Aborts when the activity is to end. */
  signal: AbortSignal;
  /** A line for the step's log. Never holds a secret. */
  say(line: string): void;
}

interface Listing {
  /** ms; see ApiOptions. */
  timing: { poll: number; within: number; settle: number };
  /**
   * The machines of the group in one request, or one a page. `ids`: those of interest; a provider that cannot list its group
   * (`listsGroup` false) asks for these, and answers nothing without them. Repeats failed requests by itself.
   */
  list(call: Call, ids?: readonly string[]): Promise<Machine[]>;
  listsGroup: boolean;
  /**
   * Gives machines back; those that are gone already are well. May be repeated. Resolves when the vendor has taken the
   * request on: `list` tells when they are gone.
   */
  release(ids: readonly string[], options: GroupOptions, call: Call): Promise<void>;
  /** The group actions of its traits but await_vm. */
  acts: Partial<Record<GroupKind, Act>>;
}

/** One try of an action over machines, waited for to its end. */
export type Act = (machines: readonly Acted[], options: GroupOptions, call: ActCall) => Promise<ActOutcome[]>;

export interface Acted {
  /** The vendor's. Empty for a node that was added by hand. */
  id: string;
  name: string;
  /** Empty when there is none. */
  address: string;
}

export interface ActCall extends Call {
  /** What an earlier attempt of the same try has kept: it was interrupted, and its request may have gone out. */
  kept: string | undefined;
  /** Durable when it resolves. Keep what a repeated attempt needs to know before each request that must not be made twice. */
  keep(text: string): Promise<void>;
}

/** One for each machine. `unknown`: nobody can tell whether it happened. */
export interface ActOutcome {
  id: string;
  status: 'ok' | 'failed' | 'timed_out' | 'unknown';
  /** One sentence; empty when it went well. */
  reason: string;
}

/** New machines, with ids of the vendor's. */
export interface Maker extends Listing {
  how: 'makes';
  /** Whether `create` with a key that was used gives the machines of the first time. */
  isKeyed: boolean;
  /**
   * Asks for machines, once. Their ids; fewer than asked for when the vendor has no more. Throws Refused, NotSent, Unclear.
   * `key`: the same on every repeat.
   */
  create(wanted: { count: number; key: string; options: GroupOptions }, call: Call): Promise<string[]>;
}

/** Machines of a fixed set, `spare` in `list` until they are taken. */
export interface Taker extends Listing {
  how: 'takes';
  /** Nothing outside tells which ones are taken: what `list` says of them has no meaning. */
  isPassive?: true;
  /** Puts spares into service. May be repeated. Throws Refused, Unclear. */
  take(ids: readonly string[], options: GroupOptions, call: Call): Promise<void>;
}

/** Nothing but their number, which can be set and not read. */
export interface Counter {
  how: 'counts';
  timing: { within: number };
  /** May be repeated. Throws Refused, NotSent, Unclear. */
  resize(count: number, call: Call): Promise<void>;
}

export type Provider = Maker | Taker | Counter;

/** The vendor says no: nothing has happened, and asking again is no use. */
export class Refused extends Error {}

/** The request did not reach the vendor, or was turned away undone (429): it may be made again. */
export class NotSent extends Error {}

/** The request may have been carried out: no reply, a 5xx, or a reply that cannot be read. */
export class Unclear extends Error {}
