import { NameInUse } from '../../../client/errors.ts';
import type { NewTaskInput } from '../../../model/activities.ts';
import { specOfSteps, type OpendcpStep } from '../../../model/opendcp/steps.ts';
import { checkTask } from '../../../model/parse/index.ts';
import type { PoolAction } from '../../../model/pool/pool.ts';
import type { CountOrShare } from '../../../model/rollout.ts';
import { slug } from '../../../model/task-name.ts';
import type { TemplateSpec } from '../../../model/template.ts';
import { resolveSubmission } from '../../../store/pool/submission.ts';
import type { PoolRow, TemplateRow } from '../../../store/catalogue/types.ts';
import { recorded } from '../../access/recorded.ts';
import { startAsked, starterOf } from '../../access/started.ts';
import { untilRecorded } from '../../until.ts';
import type { Call } from '../call.ts';
import { replied, type Reply } from '../envelope.ts';
import { Refusal } from '../refusal.ts';

/** A task of one pool's nodes, as OpenDCP's clients ask for it. */
export interface Wanted {
  title: string;
  /** The template that is run, with `steps` in place of its own. */
  template: TemplateRow;
  steps: readonly OpendcpStep[];
  pool: PoolRow;
  /** Names of its nodes; or what is done with the pool, from which its nodes follow. */
  over: { nodes: string[] } | { do: PoolAction };
  batch: CountOrShare[];
  /** As such clients are shown it. */
  stepLen: number;
}

/** A task whose every word has been checked against the catalogue. */
interface Checked extends Wanted {
  spec: TemplateSpec;
}

/** Checks a task as a whole. Throws Invalid with everything that would make it fail before its first command. */
export async function check(call: Call, wanted: Wanted): Promise<Checked> {
  const spec = specOf(wanted);
  const resolved = await resolveSubmission(call.parts.store, {
    ...{ template: spec, pool: wanted.pool.name },
    ...('do' in wanted.over ? wanted.over : { names: wanted.over.nodes }),
  });
  const { template, nodes } = resolved;
  const rollout = { batch: wanted.batch };
  checkTask({ name: slug(wanted.title), template, nodes, pool: wanted.pool.name, params: {}, rollout });
  return { ...wanted, spec };
}

function specOf({ template, steps }: Wanted): TemplateSpec {
  const { params, rollout } = template.spec;
  return { ...specOfSteps(template.name, template.desc, steps), params, ...(rollout && { rollout }) };
}

/** Starts tasks one after another, and waits until they show in lists. */
export async function startAll(call: Call, tasks: readonly Checked[]): Promise<Reply> {
  const started: { number: number; name: string }[] = [];
  for (const task of tasks) {
    try {
      started.push(await start(call, task));
    } catch (error) {
      throw started.length > 0 ? halfway(task, started, error) : error;
    }
  }
  await Promise.all(started.map(({ number }) => untilRecorded(call.parts, number)));
  return replied({ ids: started.map(({ number }) => number), names: started.map(({ name }) => name) });
}

/** Temporal was lost between two tasks: whoever asks again must know that some of it is under way. */
function halfway({ pool }: Checked, started: { number: number }[], error: unknown): Refusal {
  const numbers = started.map(({ number }) => number).join(', ');
  const why = error instanceof Error ? error.message : String(error);
  return new Refusal(
    500,
    `tasks ${numbers} were started; that of pool ${pool.name}, and those after it, were not: ${why}`,
  );
}

/** Somebody may have taken the name by hand; then the next number is tried. */
async function start(call: Call, task: Checked, triesLeft = 3): Promise<{ number: number; name: string }> {
  const number = await call.parts.store.tasks.reserveNumber();
  const name = `${slug(task.title)}-${number}`;
  const submission = { name, ...submissionOf(call, task, number) };
  try {
    await recorded(call.parts, call, startAsked(name, submission), () => call.parts.drover.run(submission));
    return { number, name };
  } catch (error) {
    if (error instanceof NameInUse && triesLeft > 0) return await start(call, task, triesLeft - 1);
    throw error;
  }
}

function submissionOf(call: Call, task: Checked, number: number) {
  const { title, template, steps, stepLen, spec, pool, over, batch } = task;
  const { id: templateId, version: templateVersion } = template;
  const origin = { number, title, templateId, templateVersion, opendcp: { options: [...steps], stepLen } };
  return {
    ...{ template: spec, pool: pool.name, ...over, rollout: { batch }, origin },
    startedBy: starterOf(call.actor, undefined),
  } satisfies NewTaskInput;
}
