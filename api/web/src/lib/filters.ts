// Filters within the text of a query, as the facets write them: year:2019, show:"The Huddle".

/** Where a filter stands in a query as a word of its own, outside quotation marks; -1 where it does not. */
function place(query: string, filter: string): number {
  for (let at = query.indexOf(filter); at >= 0; at = query.indexOf(filter, at + 1)) {
    const before = query.slice(0, at)
    const quoted = (before.match(/"/g)?.length ?? 0) % 2 === 1
    if (!quoted && /(^|\s)$/u.test(before) && /^(\s|$)/u.test(query.slice(at + filter.length))) return at
  }
  return -1
}

export const has = (query: string, filter: string) => place(query, filter) >= 0

/** A query without a filter. */
export function without(query: string, filter: string): string {
  const at = place(query, filter)
  return at < 0 ? query : `${query.slice(0, at).trimEnd()} ${query.slice(at + filter.length).trimStart()}`.trim()
}
