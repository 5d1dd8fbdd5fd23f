import { durationText } from '../duration.ts';
import type { Node } from '../node.ts';
import { groupKind, groupOptions, type GroupAction } from '../pool/group-actions.ts';
import { AUTOSCALE, type AutoscaleSpec, type Dependency } from '../pool/pool.ts';
import type { ProviderSpec } from '../pool/provider.ts';
import type { RolloutSpec } from '../rollout.ts';
import type { Action, CheckAction, ParamSpec, Step, TemplateSpec, UseStep } from '../template.ts';
import { bodyOf, isGroupAction } from '../template.ts';
import {
  SCHEDULE,
  type ActionDocument,
  type Document,
  type Kind,
  type PoolDocument,
  type ScheduleDocument,
} from './document.ts';

/**
 * A document as people write it: in short forms, durations as text, without what is empty or as it is by default, its keys
 * always in one order. Equal things are written alike. Parsing it gives the document again.
 */
export type Written = { kind: Kind; name: string } & Record<string, unknown>;

export function written(document: Document): Written {
  const { kind, name } = document;
  return { kind, name, ...rest(document) };
}

function rest(document: Document): Entries {
  switch (document.kind) {
    case 'cluster':
      return lean({ desc: document.desc, biz: document.biz });
    case 'service': {
      const { desc, cluster, type, image } = document;
      return lean({ desc, cluster: kept(cluster), type, image });
    }
    case 'action':
      return writtenAction(document);
    case 'step':
      return lean({ desc: document.desc, actions: kept(document.actions) });
    case 'template':
      return writtenTemplate(document);
    case 'pool':
      return writtenPool(document);
    case 'schedule':
      return writtenSchedule(document);
  }
}

type Entries = Record<string, unknown>;

/** What a value is wrapped in that stays though it is empty. */
class Kept {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

function kept(value: unknown): Kept {
  return new Kept(value);
}

/** Without what is undefined, "" or empty. */
function lean(entries: Entries): Entries {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) => {
      if (value instanceof Kept) return [[key, value.value]];
      return isEmpty(value) ? [] : [[key, value]];
    }),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function writtenAction(document: ActionDocument): Entries {
  const body = bodyOf(document);
  return lean({
    desc: document.desc,
    params: document.params && writtenParams(document.params),
    ...('implementation' in document && { implementation: kept(document.implementation) }),
    ...(body && writtenBody(body)),
  });
}

function writtenTemplate(spec: TemplateSpec): Entries {
  return lean({
    description: spec.description,
    params: writtenParams(spec.params),
    steps: kept(spec.steps.map(writtenStep)),
    rollout: spec.rollout && writtenRollout(spec.rollout),
  });
}

function writtenParams(params: Record<string, ParamSpec>): Entries {
  const all = Object.entries(sorted<ParamSpec>(params));
  const specs = all.map(([name, { description, type, required, default: value, raw }]) => [
    name,
    defined({ description, type, required, default: value, raw }),
  ]);
  return Object.fromEntries(specs) as Entries;
}

function writtenRollout({ batch, order, lanes, canary, bake, maxFailures, onBudget }: RolloutSpec): Entries {
  const text = bake === undefined ? undefined : durationText(bake);
  return defined({ batch, order, lanes, canary, bake: text, maxFailures, onBudget });
}

function defined(entries: Entries): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

const DEFAULT_TIMEOUT = 3_600_000;
const DEFAULT_DELAY = 5000;

function writtenStep(step: Step | UseStep): Entries {
  const { name, use, params, timeout, retry, onError } = step;
  const isOwn = 'actions' in step;
  return lean({
    name: name === use ? undefined : kept(name),
    use: isOwn || use === undefined ? undefined : kept(use),
    params: params && sorted(params),
    actions: isOwn ? step.actions.map(writtenBody) : undefined,
    timeout: timeout === DEFAULT_TIMEOUT ? undefined : durationText(timeout),
    retry: lean({
      times: retry.times === 0 ? undefined : retry.times,
      delay: retry.delay === DEFAULT_DELAY ? undefined : durationText(retry.delay),
    }),
    onError: onError === 'fail' ? undefined : onError,
  });
}

function writtenBody(body: Action): Entries {
  if (isGroupAction(body)) return writtenGroup(body);
  if ('shell' in body) return { shell: short('run', { ...body.shell }) };
  if ('script' in body) return { script: short('content', { ...body.script }) };
  if ('docker' in body) return { docker: body.docker };
  if ('copy' in body) return { copy: body.copy };
  if ('check' in body) return { check: writtenCheck(body.check) };
  return { wait: durationText(body.wait) };
}

function writtenGroup(action: GroupAction): Entries {
  const options = Object.entries(groupOptions(action)).map(
    ([name, value]) => [name, typeof value === 'number' ? durationText(value) : value] as const,
  );
  return { [groupKind(action) ?? '']: sorted(Object.fromEntries(options)) };
}

/** The text alone where there is nothing else to say. */
function short(key: string, { [key]: text, ...others }: Entries): unknown {
  return Object.keys(others).length === 0 ? text : { [key]: text, ...sorted(others) };
}

function writtenCheck({ within, interval, from, ...others }: CheckAction): Entries {
  return lean({
    ...others,
    from: from === (others.shell === undefined ? 'worker' : 'node') ? undefined : from,
    within: within === 30_000 ? undefined : durationText(within),
    interval: interval === 1000 ? undefined : durationText(interval),
  });
}

function writtenPool(document: PoolDocument): Entries {
  const { service, templates, ssh, nodes, provider, limits, dependsOn, autoscale, opendcp } = document;
  return lean({
    desc: document.desc,
    service: kept(service),
    templates: templates && sorted(templates),
    ssh: ssh && sorted(ssh),
    nodes: nodes && kept(nodes.map(writtenNode)),
    provider: provider && writtenProvider(provider),
    limits: limits && defined({ min: limits.min, max: limits.max, minAvailable: limits.minAvailable }),
    onFailure: document.onFailure === 'release' ? undefined : document.onFailure,
    dependsOn: dependsOn?.map(writtenDependency),
    autoscale: autoscale && writtenAutoscale(autoscale),
    opendcp:
      opendcp &&
      lean({
        vmType: opendcp.vmType || undefined,
        sdId: opendcp.sdId || undefined,
        tasks: opendcp.tasks && sorted(opendcp.tasks),
      }),
  });
}

function writtenNode({ name, address, ...others }: Node): unknown {
  const rest = lean(sorted(others));
  if (Object.keys(rest).length === 0 && name === address && !/[@:]/.test(address)) return address;
  return { name, address, ...rest };
}

function writtenProvider(provider: ProviderSpec): Entries {
  if ('ssh' in provider) {
    const { spares, within } = provider.ssh;
    return {
      ssh: defined({
        spares: spares.map(writtenNode),
        within: within === undefined ? undefined : durationText(within),
      }),
    };
  }
  const specs: Record<string, object> = provider;
  const [[name, spec] = ['', {}]] = Object.entries(specs);
  const options = Object.entries(spec).map(([key, value]: [string, unknown]) => [key, inText(key, value)]);
  return { [name]: sortedDeep(Object.fromEntries(options)) };
}

/** Of the options that every provider has over HTTP, those that are durations: see ApiOptions. */
const DURATIONS = new Set(['timeout', 'poll', 'within', 'settle']);

function inText(key: string, value: unknown): unknown {
  return DURATIONS.has(key) && typeof value === 'number' ? durationText(value) : value;
}

function writtenDependency({ pool, ratio, extra, before }: Dependency): Entries {
  return defined({ pool, ratio, extra: extra === 0 ? undefined : extra, before });
}

function writtenAutoscale({ metric, target, min, max, step, cooldown, of, tolerance, every }: AutoscaleSpec): Entries {
  const usual = AUTOSCALE;
  return lean({
    metric: kept(sortedDeep(metric)),
    of: of === usual.of ? undefined : of,
    ...{ target, min, max },
    step: lean({
      up: step.up === usual.step.up ? undefined : step.up,
      down: step.down === usual.step.down ? undefined : step.down,
    }),
    cooldown: lean({
      up: cooldown.up === usual.cooldown.up ? undefined : durationText(cooldown.up),
      down: cooldown.down === usual.cooldown.down ? undefined : durationText(cooldown.down),
    }),
    tolerance: tolerance === usual.tolerance ? undefined : tolerance,
    every: every === usual.every ? undefined : durationText(every),
  });
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (typeof value !== 'object' || value === null) return value;
  return sorted(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sortedDeep(item)])));
}

/** Maps have no order of their own; a store may give back any. */
function sorted<Value>(map: Record<string, Value> | object): Record<string, Value> {
  const entries = Object.entries(map) as [string, Value][];
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function writtenSchedule(document: ScheduleDocument): Entries {
  const { desc, pool, cron, timezone, params, rollout, overlap, catchUp } = document;
  return lean({
    desc,
    pool: kept(pool),
    cron: kept(cron),
    timezone: timezone === SCHEDULE.timezone ? undefined : timezone,
    do: kept(document.do),
    params: params && sorted(params),
    rollout: rollout && writtenRollout(rollout),
    overlap: overlap === SCHEDULE.overlap ? undefined : overlap,
    catchUp: catchUp === undefined || catchUp === SCHEDULE.catchUp ? undefined : durationText(catchUp),
  });
}
