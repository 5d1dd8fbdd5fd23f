import type { Json } from '../model/json.ts';
import { entriesAt, idAt, textAt } from '../model/json-path.ts';

/** What a node of TOP's container service is at, or has done. */
export interface TopCommand {
  id: string;
  /** As `node_start`. */
  name: string;
  /** CREATED, PUBLISHED, PUBLISH_FAILED, RUNNING or DONE. */
  status: string;
  /** `200` is well; empty until it is done. */
  result: string;
  message: string;
  /** What it does, piece by piece, as lines of a log. */
  progress: string[];
}

/** Throws NotThere. */
export function commandOf(json: Json): TopCommand {
  return {
    id: idAt(json, 'commandId'),
    name: textAt(json, 'name?') ?? 'command',
    status: textAt(json, 'status') ?? '',
    result: textAt(json, 'result?') ?? '',
    message: textAt(json, 'resultMsg?') ?? '',
    progress: entriesAt(json, 'activitys?').flatMap(progressOf),
  };
}

function progressOf(activity: Json): string[] {
  const [name, code] = [textAt(activity, 'name?') ?? 'activity', textAt(activity, 'code?') ?? ''];
  const title = code === '' ? name : `${name} (${code})`;
  const steps = entriesAt(activity, 'steps?').map((step) => {
    const words = [textAt(step, 'status?'), textAt(step, 'msg?')].filter((word) => word !== undefined && word !== '');
    return `${title}: ${textAt(step, 'stepName?') ?? 'step'}: ${words.join(' ')}`;
  });
  return steps.length > 0 ? steps : [title];
}

/** Why a command has failed; empty when it went well, undefined while it is under way. */
export function endOf({ name, status, result, message }: TopCommand): string | undefined {
  const told = message === '' ? '' : `: ${message}`;
  if (status === 'PUBLISH_FAILED') return `${name} could not be published${told}`;
  if (status !== 'DONE') return undefined;
  return result === '200' ? '' : `${name} ended with result ${result || '(none)'}${told}`;
}

/** The lines of a command that was looked at before; each is given once. */
export class Progress {
  readonly #node: string;
  readonly #said = new Set<string>();

  constructor(node: string) {
    this.#node = node;
  }

  news({ name, status, progress }: TopCommand): string[] {
    const lines = [`${name} ${status}`, ...progress].map((line) => `${this.#node}: ${line}`);
    const fresh = lines.filter((line) => !this.#said.has(line));
    for (const line of fresh) this.#said.add(line);
    return fresh;
  }
}
