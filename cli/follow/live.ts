import { createLogUpdate } from 'log-update';
import { isFailure } from '../../model/status.ts';
import type { TaskEvent, TaskView } from '../../model/task.ts';
import { cut, paint, plain, styleOf, words } from '../print/text.ts';
import { duration } from '../print/time.ts';
import { advice } from './advice.ts';
import type { Display } from './follow.ts';
import { present, Progress, type NodeProgress } from './progress.ts';

/** ms between two drawings. */
const DRAW_EVERY = 100;
/** Lines that are no node's: header, bar, blank lines, the last one that a terminal keeps free. */
const AROUND = 6;

/** Progress on a terminal, drawn in place: the whole task on top, below it the nodes that run and those that failed. */
export class LiveDisplay implements Display {
  readonly #progress: Progress;
  readonly #stream: NodeJS.WriteStream;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #paint: ReturnType<typeof paint>;
  readonly #begun: number;
  readonly #timer: NodeJS.Timeout;
  #notice = '';
  #isClosed = false;

  constructor(task: TaskView, stream: NodeJS.WriteStream) {
    this.#progress = new Progress(task);
    this.#begun = Date.parse(task.startedAt ?? task.createdAt);
    this.#stream = stream;
    this.#draw = createLogUpdate(stream);
    this.#paint = paint(stream);
    this.#timer = setInterval(() => this.#show(), DRAW_EVERY);
  }

  event({ at, event }: TaskEvent): void {
    this.#progress.apply(event, Date.parse(at));
  }

  live(): void {
    this.#show();
  }

  notice(text: string): void {
    this.#notice = text;
  }

  /** Leaves the last picture standing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#show();
    this.#draw.done();
  }

  #show(): void {
    const width = this.#stream.columns || 80;
    const lines = picture(this.#progress, {
      width,
      height: this.#stream.rows || 24,
      elapsed: Date.now() - this.#begun,
      now: Date.now(),
      paint: this.#paint,
    });
    this.#draw([...lines, ...(this.#notice ? ['', cut(this.#notice, width)] : [])].join('\n'));
  }
}

export interface Frame {
  width: number;
  height: number;
  elapsed: number;
  now: number;
  paint: ReturnType<typeof paint>;
}

/** The lines of one drawing, none wider and together no higher than the terminal. */
export function picture(progress: Progress, frame: Frame): string[] {
  const paused = progress.status === 'paused' ? ['', ...advice(progress).map((line) => cut(line, frame.width))] : [];
  const room = Math.max(3, frame.height - AROUND - paused.length);
  return [header(progress, frame), bar(progress, frame), ...nodeRows(progress, room, frame), ...paused];
}

function header(progress: Progress, { paint, width, elapsed }: Frame): string {
  const status = words(progress.status);
  const reason = progress.reason === '' ? '' : `: ${plain(progress.reason)}`;
  const batches = [...progress.running.keys()];
  const batch =
    batches.length > 0 ? `  batch ${batches.join(', ')} of ${Math.max(progress.batchesTotal, ...batches)}` : '';
  const text = cut(`${progress.name}  ${status}${batch}  ${duration(elapsed)}${reason}`, width);
  return text.replace(status, paint(styleOf(progress.status), status));
}

function bar(progress: Progress, { paint, width }: Frame): string {
  const counts = progress.counts();
  const length = Math.min(40, Math.max(10, width - 40));
  const done = counts.total === 0 ? 0 : (counts.total - counts.pending - counts.running) / counts.total;
  const filled = Math.floor(done * length);
  const drawn = '█'.repeat(filled) + '░'.repeat(length - filled);
  const parts = present(counts).map((status) => paint(styleOf(status), `${counts[status]} ${words(status)}`));
  return `${drawn}  ${parts.join('  ')}`;
}

function nodeRows(progress: Progress, room: number, frame: Frame): string[] {
  const failed = [...progress.nodes.values()].filter(({ status }) => isFailure(status));
  const running = progress.with('running');
  // The failures keep a third of the room when both are many.
  const failedRoom = Math.min(failed.length, Math.max(Math.floor(room / 3), room - running.length));
  return [
    ...limited(running, room - failedRoom, 'running', (node) => runningRow(node, frame)),
    ...limited(failed, failedRoom, 'failed', (node) => failedRow(node, frame)),
  ];
}

function limited(nodes: NodeProgress[], room: number, what: string, row: (node: NodeProgress) => string): string[] {
  if (nodes.length <= room) return nodes.map(row);
  const shown = nodes.slice(0, Math.max(0, room - 1));
  return [...shown.map(row), `  … ${nodes.length - shown.length} more ${what}`];
}

function runningRow({ name, step, try: nth, since }: NodeProgress, { width, now, paint }: Frame): string {
  const nthTry = nth > 1 ? ` (try ${nth})` : '';
  const seconds = Math.floor((now - since) / 1000);
  const time = since === 0 || seconds < 1 ? '' : `  ${duration(seconds * 1000)}`;
  return paint('cyan', cut(`  ${name}  ${step}${nthTry}${time}`, width));
}

function failedRow({ name, status, reason }: NodeProgress, { width, paint }: Frame): string {
  return paint(styleOf(status), cut(`  ${name}  ${words(status)}: ${plain(reason)}`, width));
}
