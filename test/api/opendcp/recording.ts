import type { Submission } from '../../../api/parts.ts';
import { parseSubmission } from '../../../model/parse/index.ts';
import { DEFAULT_ROLLOUT, mergeRollout } from '../../../model/rollout.ts';
import { ENDED, type TaskStatus } from '../../../model/status.ts';
import { resolveSubmission } from '../../../store/pool/submission.ts';
import type { Store } from '../../../store/store.ts';
import type { TaskRow } from '../../../store/tasks.ts';
import { Told } from '../served.ts';

/** Stands for Temporal and a worker: writes the row of each task that is started, and what becomes of it; runs nothing. */
export class Recording extends Told {
  readonly #store: Store;

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override async run(request: Submission): Promise<{ name: string }> {
    const { name } = await super.run(request);
    const submission = parseSubmission(request);
    const { template, nodes } = await resolveSubmission(this.#store, submission);
    const { origin = {}, pool = null, startedBy = '' } = submission;
    await this.#store.tasks.create({
      ...{ name, kind: 'run', pool, template, params: {}, digest: name, startedBy, nodes, nodesTotal: nodes.length },
      rollout: mergeRollout(DEFAULT_ROLLOUT, submission.rollout),
      ...{ workflowId: name, runId: 'run-1', title: origin.title ?? null, opendcp: origin.opendcp ?? null },
      ...{ templateId: origin.templateId ?? null, templateVersion: origin.templateVersion ?? null },
      ...(origin.number !== undefined && { seq: origin.number }),
    });
    await this.comes(name, 'running');
    return { name };
  }

  override task(name: string): ReturnType<Told['task']> {
    const told = super.task(name);
    const then = (status: TaskStatus) => () => this.comes(name, status);
    return {
      ...told,
      pause: () => told.pause().then(then('paused')),
      resume: () => told.resume().then(then('running')),
      stop: (options) => told.stop(options).then(then('stopping')),
      retry: (options) => told.retry(options).then(then('running')),
    };
  }

  /** As when the workflow has come so far. */
  async comes(name: string, status: TaskStatus): Promise<void> {
    const { id } = await this.row(name);
    const hasEnded = ENDED.includes(status);
    await this.#store.tasks.update(id, { status, startedAt: new Date(), finishedAt: hasEnded ? new Date() : null });
    this.executions.set(name, hasEnded ? (status === 'ok' ? 'completed' : 'failed') : 'running');
  }

  async row(name: string): Promise<TaskRow> {
    const row = await this.#store.tasks.get(name);
    if (!row) throw new Error(`there is no task ${name}`);
    return row;
  }
}
