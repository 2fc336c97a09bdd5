// The page's state that belongs in its address: `/?q=…&sort=…&strict=1&show=…`, `/episodes/ID?q=…&t=SECONDS`.

export const sorts = ['relevance', 'newest', 'oldest'] as const
export type Sort = (typeof sorts)[number]

export interface Route {
  q: string
  sort: Sort
  strict: boolean // nothing that only sounds like the query; belongs to this very query
  show: string
  episode: string // '' when none is open
  at: number | null // milliseconds into the open episode
}

export function parse(url: URL): Route {
  const id = /^\/episodes\/([0-9a-z]+)$/.exec(url.pathname)?.[1] ?? ''
  const t = Number.parseFloat(url.searchParams.get('t') ?? '')
  return {
    q: (url.searchParams.get('q') ?? '').slice(0, 1000),
    sort: sorts.find((s) => s === url.searchParams.get('sort')) ?? 'relevance',
    strict: url.searchParams.get('strict') === '1',
    show: url.searchParams.get('show') ?? '',
    episode: id,
    at: id && Number.isFinite(t) && t >= 0 ? Math.round(t * 1000) : null,
  }
}

export function format(r: Route): string {
  const s = new URLSearchParams()
  if (r.q.trim()) {
    s.set('q', r.q)
    if (r.sort !== 'relevance') s.set('sort', r.sort)
    if (r.strict) s.set('strict', '1')
  }
  if (r.show) s.set('show', r.show)
  if (r.episode && r.at !== null) s.set('t', String(Math.round(r.at / 100) / 10))
  const query = s.toString()
  return (r.episode ? `/episodes/${r.episode}` : '/') + (query ? `?${query}` : '')
}

class Router {
  route = $state.raw<Route>(parse(new URL(location.href)))

  constructor() {
    addEventListener('popstate', () => (this.route = parse(new URL(location.href))))
  }

  /** Changes part of the state; `replace` keeps it out of the history. */
  go(change: Partial<Route>, replace = false) {
    const next = this.#with(change)
    const href = format(next)
    if (href !== location.pathname + location.search) {
      if (replace) history.replaceState(null, '', href)
      else history.pushState(null, '', href)
    }
    this.route = next
  }

  /** Follows a link within the page, unless the browser is asked to open it elsewhere. */
  follow(e: MouseEvent, change: Partial<Route>) {
    if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    e.preventDefault()
    this.go(change)
  }

  /** The address of a changed state, for links. */
  href(change: Partial<Route>): string {
    return format(this.#with(change))
  }

  #with(change: Partial<Route>): Route {
    const next = { ...this.route, ...change }
    if (next.q !== this.route.q && change.strict === undefined) next.strict = false
    return next
  }
}

export const router = new Router()
