import type { OpenedTask, Progress } from '../model/activities.ts';

/** The progress page in Temporal's UI (Markdown, at most 20 KB there). */
export function details(opened: OpenedTask, name: string, progress: Progress): string {
  const { counts, batches } = progress;
  const link = `${opened.link}/api/v1/tasks/${encodeURIComponent(name)}`;
  const rows = Object.entries(counts).filter(([status, n]) => status !== 'total' && n > 0);
  const lines = [
    `**${progress.status}** — batch ${batches.done} of ${batches.total} done, ${counts.ok} of ${counts.total} nodes ok`,
    ...(progress.reason ? ['', `> ${progress.reason}`] : []),
    '',
    '| status | nodes |',
    '|---|---:|',
    ...rows.map(([status, n]) => `| ${status} | ${n} |`),
  ];
  if (progress.failed.length > 0) {
    lines.push('', '| node | failed at | status | why |', '|---|---|---|---|');
    for (const { name: node, step, status, reason } of progress.failed.slice(0, 20)) {
      const log = `${link}/log?node=${encodeURIComponent(node)}`;
      lines.push(`| [${cell(node)}](${log}) | ${cell(step)} | ${status} | ${cell(reason)} |`);
    }
  }
  return lines.join('\n');
}

export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 200);
}
