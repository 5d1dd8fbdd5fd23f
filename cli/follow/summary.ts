import { FAILURES } from '../../model/status.ts';
import type { NodeView, Page, TaskView } from '../../model/task.ts';
import { countsText } from '../print/counts.ts';
import { plain, words } from '../print/text.ts';
import { took } from '../print/time.ts';
import { taskPath, type Api } from '../server/api.ts';

/** Failed nodes named in a summary. */
const NAMED = 10;

/** How a task ended, why, and what one can type next. */
export async function summary(api: Api, task: TaskView): Promise<string> {
  const failed = await api.get<Page<NodeView>>(
    taskPath(task.name, `/nodes?status=${FAILURES.join(',')}&page_size=${NAMED}`),
  );
  return summaryText(task, failed);
}

export function summaryText(task: TaskView, failed: Page<NodeView>): string {
  const time = took(task.startedAt, task.finishedAt);
  const reason = task.reason === '' ? '' : `\n${plain(task.reason)}`;
  return [
    `${task.name}: ${words(task.status)}${time && ` after ${time}`}, ${countsText(task.nodes)}${reason}`,
    ...failedLines(failed),
    ...nextLines(task, failed.items),
  ].join('\n');
}

function failedLines({ items, total }: Page<NodeView>): string[] {
  const more = total - items.length;
  return [
    ...items.map(({ name, status, reason }) => `  ${name}  ${words(status)}: ${plain(reason)}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function nextLines({ name, status, temporal }: TaskView, [first]: NodeView[]): string[] {
  const lines = [
    ...(first ? [`  drover logs ${name} --node ${first.name}`] : []),
    ...(status === 'ok' ? [`  drover show ${name} --nodes`, `  drover logs ${name}`] : [`  drover retry ${name}`]),
    ...(temporal.url === null ? [] : [`  ${temporal.url}`]),
  ];
  return ['', 'Next:', ...lines];
}
