// The page's state that belongs in its address: `/?q=…&sort=…&strict=1`, `/episodes/ID?q=…&t=SECONDS`, or `t=FROM-TO` for a quote,
// `/shows/ID`, `/queue`, `/models`, `/review`, `/names` and `/names?name=NAME`.

export const sorts = ['relevance', 'newest', 'oldest'] as const
export type Sort = (typeof sorts)[number]

export const views = ['', 'queue', 'models', 'names', 'review'] as const
export type View = (typeof views)[number]

export interface Route {
  q: string
  sort: Sort
  strict: boolean // nothing that only sounds like the query; belongs to this very query
  view: View // what is shown beside an open episode while nothing is searched
  name: string // that the names are open at, '' for the list
  show: string // whose page that is, '' for none
  episode: string // '' when none is open
  at: number | null // milliseconds into the open episode
  to: number | null // where a quote that begins there ends
}

export function parse(url: URL): Route {
  const id = /^\/episodes\/([0-9a-z]+)$/.exec(url.pathname)?.[1] ?? ''
  const [at, to] = (url.searchParams.get('t') ?? '').replace(',', '-').split('-').map((t) => Math.round(Number.parseFloat(t) * 1000))
  const begins = id && at !== undefined && at >= 0 && Number.isFinite(at) ? at : null
  return {
    q: (url.searchParams.get('q') ?? '').slice(0, 1000),
    sort: sorts.find((s) => s === url.searchParams.get('sort')) ?? 'relevance',
    strict: url.searchParams.get('strict') === '1',
    view: views.find((v) => url.pathname === `/${v}`) ?? '',
    name: (url.searchParams.get('name') ?? '').slice(0, 200),
    show: /^\/shows\/([0-9a-z]+)$/.exec(url.pathname)?.[1] ?? url.searchParams.get('show') ?? '',
    episode: id,
    at: begins,
    to: begins !== null && to !== undefined && to > begins && Number.isFinite(to) ? to : null,
  }
}

/** A time, or a stretch of it, as it stands in addresses: seconds. */
export function moment(at: number, to: number | null): string {
  const seconds = (ms: number) => String(Math.round(ms) / 1000)
  return to === null ? String(Math.round(at / 100) / 10) : `${seconds(at)}-${seconds(to)}`
}

export function format(r: Route): string {
  const s = new URLSearchParams()
  if (r.q.trim()) {
    s.set('q', r.q)
    if (r.sort !== 'relevance') s.set('sort', r.sort)
    if (r.strict) s.set('strict', '1')
  }
  const search = r.q.trim() !== ''
  if (r.show && (r.episode || search)) s.set('show', r.show)
  if (r.episode && r.at !== null) s.set('t', moment(r.at, r.to))
  if (r.view === 'names' && r.name && !search && !r.episode) s.set('name', r.name)
  const query = s.toString()
  let path = '/'
  if (r.episode) path = `/episodes/${r.episode}`
  else if (!search && r.view) path = `/${r.view}`
  else if (!search && r.show) path = `/shows/${r.show}`
  return path + (query ? `?${query}` : '')
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
    // A quote is a stretch of one episode: who goes elsewhere leaves it.
    if ((change.at !== undefined || change.episode !== undefined) && change.to === undefined) next.to = null
    return next
  }
}

export const router = new Router()
