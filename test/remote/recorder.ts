import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Fleet, type FleetOptions } from '../../remote/fleet.ts';
import { runJob, type Job, type Journal, type Outcome, type RunOptions } from '../../remote/job.ts';
import type { Target } from '../../remote/target.ts';
import { nodeJobId } from '../../remote/node/verbs.ts';

export const uid = () => randomBytes(6).toString('hex');

/** A fleet whose folder on the nodes is its own, and gone after `close`. */
export class TestFleet extends Fleet {
  readonly base: string;

  constructor(options: FleetOptions = {}) {
    const base = `/var/tmp/drover-test-${uid()}`;
    super({ base: () => base, ...options });
    this.base = options.base?.('') ?? base;
  }

  /** Closes, and leaves the folder on the node as it is. */
  closeOnly(): Promise<void> {
    return super.close();
  }

  override async close(): Promise<void> {
    await super.close();
    rmSync(this.base, { recursive: true, force: true });
  }

  /** The node's journal of a job, as it is now. */
  journal(jobId: string): string {
    const file = path.join(this.base, `${nodeJobId(jobId)}.job`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

/** A journal in memory that checks what it is promised: one token, bytes in order and each once. */
export class Recorder implements Journal {
  token: string | undefined;
  readonly chunks: { out: Buffer[]; err: Buffer[] } = { out: [], err: [] };
  readonly held = { out: 0, err: 0 };

  begin(token: string): Promise<void> {
    if (this.token !== undefined) throw new Error('begun twice');
    this.token = token;
    return Promise.resolve();
  }

  output(stream: 'out' | 'err', offset: number, bytes: Buffer): Promise<void> {
    if (this.token === undefined) throw new Error('output before begin');
    if (offset !== this.held[stream]) throw new Error(`${stream} at ${offset}, ${this.held[stream]} held`);
    this.chunks[stream].push(Buffer.from(bytes));
    this.held[stream] += bytes.length;
    return Promise.resolve();
  }

  bytes(stream: 'out' | 'err' = 'out'): Buffer {
    return Buffer.concat(this.chunks[stream]);
  }
}

export interface Ran {
  id: string;
  outcome: Outcome;
  out: string;
  err: string;
  bytes: Buffer;
  recorder: Recorder;
}

/** Runs a job with a new id, unless one is given, and gathers what it prints. */
export async function run(
  fleet: Fleet,
  target: Target,
  script: string,
  { recorder = new Recorder(), ...job }: Partial<Job> & { recorder?: Recorder } = {},
  options: RunOptions = {},
): Promise<Ran> {
  const id = job.id ?? `job ${uid()}`;
  const whole: Job = {
    id,
    script,
    limit: 0,
    from: { ...recorder.held },
    ...(recorder.token !== undefined && { token: recorder.token }),
    ...job,
  };
  const outcome = await runJob(fleet, target, whole, recorder, options);
  return {
    id,
    outcome,
    out: recorder.bytes('out').toString(),
    err: recorder.bytes('err').toString(),
    bytes: recorder.bytes('out'),
    recorder,
  };
}

/** A script that leaves a line in a file each time it runs. */
export class Marks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  on(name: string, script: string): string {
    return `echo x >> ${this.#file(name)}\n${script}`;
  }

  /** How often it ran. */
  count(name: string): number {
    const file = this.#file(name);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  }

  #file(name: string): string {
    return path.join(this.#folder, `ran-${nodeJobId(name)}`);
  }
}
