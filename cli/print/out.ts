/** The answer of a command: a document for programs, or text for people. */
export function out(options: { json?: true | undefined }, document: unknown, text: () => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text()}\n`);
}

/** Progress and remarks, which are no part of the answer. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}
