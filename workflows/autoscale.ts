import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AutoscaleActivities } from '../model/autoscale/activities.ts';
import { decide } from '../model/autoscale/decide.ts';
import { begun, ended, observed } from '../model/autoscale/observe.ts';
import { begin, type AutoscaleState, type Decision } from '../model/autoscale/state.ts';
import { viewOf, type AutoscaleView } from '../model/autoscale/view.ts';
import { SEARCH_ATTRIBUTES } from '../model/search-attributes.ts';
import { slug } from '../model/task-name.ts';
import { autoscaleDetails } from './autoscale-details.ts';

export interface AutoscaleInput {
  pool: string;
}

const pauseAutoscale = defineSignal('pause');
const resumeAutoscale = defineSignal('resume');
const settingsChanged = defineSignal('settingsChanged');
const autoscaleState = defineQuery<AutoscaleView>('autoscale');

const POOL = defineSearchAttributeKey(SEARCH_ATTRIBUTES.pool, 'KEYWORD');

const { readMetric, scalePool } = proxyActivities<AutoscaleActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * Grows and shrinks a pool by its load: reads the metric, decides, has the pool's queue do it, and reads again, until the pool
 * has no `autoscale` any more. A reading leaves 11 events of history.
 */
export async function autoscale({ pool }: AutoscaleInput, carried?: AutoscaleState): Promise<void> {
  const scaler = new Autoscaler(pool, carried ?? begin());
  if (!carried) upsertSearchAttributes([{ key: POOL, value: pool }]);
  for (;;) {
    const every = await scaler.round();
    if (every === undefined) return;
    await scaler.rest(every);
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof autoscale>({ pool }, scaler.state);
  }
}

class Autoscaler {
  readonly #pool: string;
  #state: AutoscaleState;
  #nextReadingAt: number | null = null;
  /** How often somebody has told something, and how much of it the last reading has heard. */
  #told = 0;
  #heard = 0;

  constructor(pool: string, state: AutoscaleState) {
    this.#pool = pool;
    this.#state = state;
    const told = (patch: Partial<AutoscaleState>) => {
      this.#state = { ...this.#state, ...patch };
      this.#told += 1;
    };
    setHandler(pauseAutoscale, () => told({ paused: true }), { description: descriptions.pause });
    setHandler(resumeAutoscale, () => told({ paused: false }), { description: descriptions.resume });
    setHandler(settingsChanged, () => told({}), { description: descriptions.settingsChanged });
    setHandler(autoscaleState, () => this.#view, { description: descriptions.autoscale });
  }

  get state(): AutoscaleState {
    return this.#state;
  }

  /** One reading and what comes of it. ms until the next one; undefined when there is nothing to scale any more. */
  async round(): Promise<number | undefined> {
    this.#heard = this.#told;
    this.#nextReadingAt = null;
    const found = await readMetric(this.#pool, this.#state.underWay?.task ?? null);
    const { scaling, reading } = found;
    // Settings that came back meanwhile have been told of.
    if (!scaling) return this.#told === this.#heard ? undefined : 0;
    const now = Date.now();
    if (found.ended) this.#state = ended(this.#state, { ...found.ended, at: Math.min(found.ended.at, now) });
    this.#state = observed(this.#state, scaling, reading, now);
    const decision = decide(scaling, this.#state, reading, now);
    this.#state = { ...this.#state, latest: { at: now, reading, decision } };
    if (decision.do !== 'none') await this.#act(decision.do, decision, now);
    return scaling.every;
  }

  /** Until the next reading is due, or somebody tells something. */
  async rest(every: number): Promise<void> {
    this.#nextReadingAt = Date.now() + every;
    setCurrentDetails(autoscaleDetails(this.#view));
    await condition(() => this.#told !== this.#heard, every);
  }

  /** Its name tells when; it is the same however often this is done again. */
  async #act(what: 'expand' | 'shrink', { by }: Decision, now: number): Promise<void> {
    const time = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace('.', '-');
    const task = `${slug(this.#pool).slice(0, 70)}-auto-${time}`;
    this.#state = begun(this.#state, { task, direction: what === 'expand' ? 'up' : 'down', by });
    await scalePool(this.#pool, task, what === 'expand' ? { expand: { by } } : { shrink: { by } });
  }

  get #view(): AutoscaleView {
    return viewOf(this.#state, this.#nextReadingAt);
  }
}

const descriptions = {
  pause: 'Go on reading the metric, and start nothing by it; a task that is under way goes on.',
  resume: 'Grow and shrink the pool by its load again.',
  settingsChanged: "Look at the pool's settings now; otherwise they are looked at with the next reading.",
  autoscale: 'The last reading, what was decided by it and why, the last actions, when the next reading is due.',
} as const;
