/** A request that is refused: what OpenDCP's clients are told, and with which status. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What OpenDCP's ORM says of a row that is not there. */
export const NO_ROW = '<QuerySeter> no row found';

/** A URL that OpenDCP does not have, too, such as a word where it takes only a number. */
export function notFound(url: string): Refusal {
  return new Refusal(404, `there is no ${url}`);
}
