import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/** Written by `npm run build`; bundling takes seconds, reading does not. */
const BUNDLE = 'workflows.bundle.cjs';
/** DROVER_PREBUILT: another folder to look in, where many workers are started from sources. */
const PREBUILT = process.env['DROVER_PREBUILT']
  ? join(process.env['DROVER_PREBUILT'], BUNDLE)
  : fileURLToPath(new URL(`./${BUNDLE}`, import.meta.url));
const SOURCE = fileURLToPath(new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url));

/** The workflows as a worker takes them. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(PREBUILT)) return { codePath: PREBUILT };
  return await bundleWorkflows();
}

export async function bundleWorkflows(): Promise<{ code: string }> {
  const silent = { trace() {}, debug() {}, info() {}, warn() {}, error: console.error, log() {} };
  return await bundleWorkflowCode({ workflowsPath: SOURCE, logger: silent });
}
