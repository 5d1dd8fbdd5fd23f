import { styleText } from 'node:util';
import type { NodeStatus, TaskStatus } from '../../model/status.ts';

type Style = Parameters<typeof styleText>[0];

/** Colours for a terminal, none for a file or a pipe (and none with NO_COLOR). */
export function paint(stream: NodeJS.WriteStream): (style: Style, text: string) => string {
  const colours = stream.isTTY && !process.env['NO_COLOR'];
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
}

export function styleOf(status: NodeStatus | TaskStatus): Style {
  switch (status) {
    case 'ok':
      return 'green';
    case 'running':
      return 'cyan';
    case 'paused':
    case 'stopping':
    case 'stopped':
    case 'terminated':
    case 'cancelled':
      return 'yellow';
    case 'pending':
    case 'skipped':
      return 'dim';
    case 'failed':
    case 'timed_out':
    case 'unreachable':
    case 'unknown':
      return 'red';
  }
}

/** For a person: `timed out`, not `timed_out`. */
export function words(status: NodeStatus | TaskStatus): string {
  return status.replaceAll('_', ' ');
}

/** Without what would move the cursor or change colours: reasons come from nodes. One line. */
export function plain(text: string): string {
  return text.replaceAll(/(?:\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f])+/g, ' ').trim();
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
