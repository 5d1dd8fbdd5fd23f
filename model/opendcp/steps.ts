import type { Json } from '../json.ts';
import { literally } from '../placeholder.ts';
import type { Step, TemplateSpec, UseStep } from '../template.ts';

/** A step of a template as OpenDCP's clients send and read it. */
export interface OpendcpStep {
  name: string;
  param_values: Record<string, Json> | null;
  retry: { retry_times: number; ignore_error: boolean } | null;
}

/** OpenDCP waits so long between two tries, in ms. */
const RETRY_DELAY = 5000;
/** OpenDCP gives up on a step after 120 looks, 5 s apart; in ms. */
const STEP_TIMEOUT = 600_000;

export function specOfSteps(name: string, desc: string, steps: readonly OpendcpStep[] | null): TemplateSpec {
  return { name, ...(desc !== '' && { description: desc }), params: {}, steps: (steps ?? []).map(useStep) };
}

function useStep({ name, param_values, retry }: OpendcpStep): UseStep {
  const values = Object.entries(param_values ?? {}).map(([key, value]) => [key, asText(value)] as const);
  return {
    name,
    use: name,
    ...(values.length > 0 && { params: Object.fromEntries(values) }),
    timeout: STEP_TIMEOUT,
    retry: { times: Math.min(1000, Math.max(0, retry?.retry_times ?? 0)), delay: RETRY_DELAY },
    onError: retry?.ignore_error ? 'ignore' : 'fail',
  };
}

/** A value as a parameter: what looks like a placeholder in it is text, as it is to OpenDCP. */
function asText(value: Json): string {
  return literally(typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value));
}

/** The steps for OpenDCP's clients, of a template that was not written by one. */
export function stepsOfSpec(spec: TemplateSpec): OpendcpStep[] {
  return spec.steps.map((step: Step | UseStep) => ({
    name: step.use ?? step.name,
    param_values: step.params ?? {},
    retry: { retry_times: step.retry.times, ignore_error: step.onError === 'ignore' },
  }));
}

/** Sets parameters of the steps that `matches` (by name and place), over what they have. */
export function withOverrides(
  steps: readonly OpendcpStep[],
  matches: (name: string, index: number) => boolean,
  values: Record<string, Json>,
): OpendcpStep[] {
  return steps.map((step, index) =>
    matches(step.name, index) ? { ...step, param_values: { ...step.param_values, ...values } } : step,
  );
}
