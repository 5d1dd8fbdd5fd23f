/** Nothing was started: the node could not be reached (refused, no route, login, host key …). One sentence for a person. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/** An open connection or channel broke off. What was asked over it may or may not have happened. */
export class ContactLost extends Error {
  override name = 'ContactLost';
}

/** The node answered, and the answer is no: its disk is full, its folder belongs to somebody else … */
export class Refused extends Error {
  override name = 'Refused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
