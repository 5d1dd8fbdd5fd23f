import pg from 'pg';

/** What Drover counts stays below 2^53. */
export const TYPES = new pg.TypeOverrides();
TYPES.setTypeParser(pg.types.builtins.INT8, Number);
