import { kindOf, type Template } from '../../model/template.ts';
import type { Line } from './lines.ts';

/** Lines as text for a person, each under the heading of its try or action where its step had several. */
export class LogText {
  readonly #template: Template;
  readonly #withNode: boolean;
  /** What each node's last line belonged to. */
  readonly #under = new Map<string, string>();

  constructor(template: Template, options: { withNode: boolean }) {
    this.#template = template;
    this.#withNode = options.withNode;
  }

  /** Without line ends. */
  lines(lines: readonly Line[]): string[] {
    return lines.flatMap((line) => {
      const heading = this.#newHeading(line);
      return (heading === undefined ? [line.text] : [heading, line.text]).map((text) => this.#prefixed(line, text));
    });
  }

  #newHeading(line: Line): string | undefined {
    const heading = headingOf(this.#template, line);
    if (this.#under.get(line.node) === heading) return undefined;
    this.#under.set(line.node, heading);
    return heading === '' ? undefined : heading;
  }

  #prefixed({ node }: Line, text: string): string {
    return this.#withNode ? `${node} | ${text}` : text;
  }
}

/** Empty for the first try of a step of one action: there is nothing to tell apart. */
function headingOf(template: Template, line: Line): string {
  const actions = template.steps.find(({ name }) => name === line.step)?.actions ?? [];
  const action = actions[line.action];
  const nth = line.try > 1 ? [`try ${line.try}`] : [];
  const which =
    actions.length > 1 && action ? [`action ${line.action + 1} of ${actions.length} (${kindOf(action)})`] : [];
  const about = [...nth, ...which];
  return about.length === 0 ? '' : `-- ${line.step}, ${about.join(', ')} --`;
}
