/** `-name` as what the store sorts by. */
export function sortOf<Column extends string>(sort: Column | `-${Column}`): { by: Column; descending: boolean } {
  const descending = sort.startsWith('-');
  return { by: (descending ? sort.slice(1) : sort) as Column, descending };
}
