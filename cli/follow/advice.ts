import { failures } from '../../model/status.ts';
import type { Progress } from './progress.ts';

/** What one can type when a task is paused. */
export function advice(progress: Progress): string[] {
  const { name } = progress;
  const afterFailures = [
    `  drover show ${name} --failed     what failed, and why`,
    `  drover retry ${name}             run the failed nodes again, each from its failed step`,
    `  drover skip --node NODE ${name}  leave a node out`,
    `  drover resume ${name}            go on without the failed nodes`,
  ];
  return [
    ...(failures(progress.counts()) > 0 ? afterFailures : [`  drover resume ${name}            go on`]),
    `  drover stop ${name}              end the task here`,
  ];
}
