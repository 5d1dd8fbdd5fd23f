/** Which part of a list is asked for. */
export interface Page {
  page: number;
  pageSize: number;
}

/** OpenDCP knows no limit; a list this long is some megabytes already. */
const LONGEST = 10_000;
/** Beyond any list, and small enough for every database to count with. */
const LAST = 1_000_000_000;

/** From the URL or a form, where a form's word counts first. What is no number from 1 on is left at 1 and 10. */
export function pageOf(sources: readonly URLSearchParams[]): Page {
  const given = (key: string) => sources.map((source) => source.get(key)).find((value) => value !== null);
  return {
    page: Math.min(LAST, natural(given('page')) ?? 1),
    pageSize: Math.min(LONGEST, natural(given('page_size')) ?? 10),
  };
}

function natural(text: string | undefined): number | undefined {
  const number = text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : 0;
  return number >= 1 ? number : undefined;
}
