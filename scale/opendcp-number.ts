import type { Call } from './provider.ts';

/**
 * The number of a machine type or of a service discovery: the pool's (0 for none) goes before the step's, as orion has it;
 * templates of OpenDCP carry numbers that never count. Undefined when neither says one.
 */
export function chosen(
  { name, ofPool, ofStep = '' }: { name: string; ofPool: number; ofStep: string | number | undefined },
  call: Call,
): number | undefined {
  if (ofPool <= 0) return isNumber(ofStep) ? Number(ofStep) : undefined;
  if (ofStep !== '' && Number(ofStep) !== ofPool)
    call.say(`${name} ${ofStep} of the step gives way to the pool's own, ${ofPool}`);
  return ofPool;
}

function isNumber(text: string | number): boolean {
  return Number.isSafeInteger(Number(text)) && Number(text) > 0;
}
