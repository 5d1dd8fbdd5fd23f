/** What refuses a change of the catalogue. `kind` as in "template", "pool"; `what` its name or id. */
export class NotFound extends Error {
  readonly kind: string;

  /** Several numbers: none of them is there. */
  constructor(kind: string, what: string | number | readonly number[]) {
    super(`there is no ${kind} ${typeof what === 'string' ? `named ${what}` : `with id ${[what].flat().join(', ')}`}`);
    this.kind = kind;
  }
}

export class NameTaken extends Error {
  constructor(kind: string, name: string) {
    super(`there is a ${kind} named ${name} already (names differ by more than upper and lower case)`);
  }
}

/** One that is used by others, which are named. */
export class InUse extends Error {
  readonly kind: string;
  readonly users: readonly User[];

  constructor(kind: string, name: string, users: readonly User[]) {
    const shown = users.slice(0, 5).map((user) => `${user.kind} ${user.name}`);
    const more = users.length > shown.length ? ` and ${users.length - shown.length} more` : '';
    super(`${kind} ${name} is used by ${shown.join(', ') || 'others'}${more}: change or remove those first`);
    this.kind = kind;
    this.users = users;
  }
}

export interface User {
  kind: string;
  id: number;
  name: string;
}

/** A change that would leave machines of a pool's provider behind, which nobody could give back then. */
export class Strands extends Error {
  constructor(pool: string, machines: readonly string[], why: string) {
    const shown = machines.slice(0, 5).join(', ');
    const more = machines.length > 5 ? ` and ${machines.length - 5} more` : '';
    const which = machines.length === 1 ? `machine ${shown} of it is` : `machines ${shown}${more} of it are`;
    super(
      `provider: pool ${pool} ${why}, and ${which} not given back: shrink the pool and release what is left (drover pool shrink, drover pool release), then change it`,
    );
  }
}

/** A reference to something that is not there. */
export class NoSuchReference extends Error {
  readonly field: string;
  /** The message without the field. */
  readonly what: string;

  constructor(field: string, kind: string, what: string | number) {
    const missing = `there is no ${kind} ${typeof what === 'number' ? `with id ${what}` : `named ${what}`}`;
    super(`${field}: ${missing}`);
    this.field = field;
    this.what = missing;
  }
}

/** Somebody else has changed it meanwhile. */
export class VersionConflict extends Error {
  readonly actual: number;

  constructor(kind: string, name: string, expected: number, actual: number) {
    super(
      `${kind} ${name} has changed meanwhile: it is at version ${actual}, the edit was made from ${expected}; read it again`,
    );
    this.actual = actual;
  }
}
