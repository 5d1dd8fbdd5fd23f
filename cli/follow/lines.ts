import type { TaskEvent, TaskEventBody, TaskView } from '../../model/task.ts';
import { countsText, nodes } from '../print/counts.ts';
import { plain, words } from '../print/text.ts';
import { timeOfDay } from '../print/time.ts';
import { advice } from './advice.ts';
import type { Display } from './follow.ts';
import { Progress } from './progress.ts';

/** Progress for a file or a pipe: one line for each change, none twice, each with its time. */
export class LinesDisplay implements Display {
  readonly #progress: Progress;
  readonly #write: (line: string) => void;
  /** Whether the past is told line by line, too. */
  #telling: boolean;
  /** Why each node's last step failed, as the node will say it again. */
  readonly #told = new Map<number, string>();
  #hasBegun = false;

  constructor(task: TaskView, write: (line: string) => void, from: 'beginning' | 'now') {
    this.#progress = new Progress(task);
    this.#write = write;
    this.#telling = from === 'beginning';
  }

  event({ at, event }: TaskEvent): void {
    const before = `${this.#progress.status} ${this.#progress.reason}`;
    this.#progress.apply(event, Date.parse(at));
    if (!this.#telling) return;
    if (event.kind === 'task' && before === `${event.status} ${event.reason}`) return;
    if (this.#isWaiting(event)) return;
    const lines = this.#lines(event);
    if (lines.length > 0) this.#write(`${timeOfDay(new Date(at))} ${lines.join('\n')}`);
  }

  live(): void {
    if (this.#telling) return;
    this.#telling = true;
    const { status, reason } = this.#progress;
    this.#write(`${timeOfDay(new Date())} ${words(status)}${reason && `: ${plain(reason)}`} (${this.#standing()})`);
    if (status === 'paused') for (const line of advice(this.#progress)) this.#write(line);
  }

  notice(text: string): void {
    this.#write(text);
  }

  #lines(event: TaskEventBody): string[] {
    switch (event.kind) {
      case 'task':
        return [
          `${words(event.status)}${event.reason && `: ${plain(event.reason)}`}`,
          ...(event.status === 'paused' ? advice(this.#progress) : []),
        ];
      case 'batch':
        return event.state === 'started'
          ? [`batch ${event.batch} begins: ${nodes(event.nodes)}`]
          : [`batch ${event.batch} is done (${this.#standing()})`];
      case 'step':
        return this.#stepLines(event);
      case 'node':
        return this.#nodeLines(event);
    }
  }

  #stepLines({ no, node, step, try: nth, status, reason }: TaskEventBody & { kind: 'step' }): string[] {
    this.#told.delete(no);
    const nthTry = nth > 1 ? `, try ${nth}` : '';
    if (status === 'running') return nth > 1 ? [`${node}: ${step} begins again${nthTry}`] : [];
    if (status === 'ok') return [`${node}: ${step} ok${nthTry}`];
    if (status === 'pending' || status === 'skipped') return [];
    this.#told.set(no, `${step}: ${reason}`);
    return [`${node}: ${step} ${words(status)}${nthTry}: ${plain(reason)}`];
  }

  #nodeLines({ no, node, status, reason }: TaskEventBody & { kind: 'node' }): string[] {
    if (status === 'running' || this.#told.get(no) === reason) return [];
    const why = reason === '' ? '' : `: ${plain(reason)}`;
    return [status === 'pending' ? `${node}: waits to run again` : `${node}: ${words(status)}${why}`];
  }

  /** What a task waited for before it began is told already: see followToEnd. */
  #isWaiting(event: TaskEventBody): boolean {
    if (event.kind !== 'task' || event.status !== 'pending') this.#hasBegun = true;
    return !this.#hasBegun;
  }

  #standing(): string {
    return countsText(this.#progress.counts());
  }
}
