// Search as you type: waits for a pause, gives up what a newer query replaces, never shows answers out of order.
import { type Hit, type Mentions, type Results, explain, mentions, search } from './api'
import type { Sort } from './route.svelte'

// How long typing has to pause: as long as the last answer took, so that a server is not asked for more than it can answer.
const pauseMS = { least: 20, most: 200 }
const pageSize = 20
const momentsShown = 4
const momentsPage = 100

export interface Question {
  q: string
  sort: Sort
  strict: boolean
}

class Finder {
  query = $state('') // that `results` or `error` belong to
  results = $state<Results | null>(null)
  mentions = $state.raw<Mentions | null>(null) // of `query` or, for a moment, of the one before
  error = $state('')
  busy = $state(false)

  #wanted: Question = { q: '', sort: 'relevance', strict: false }
  #counted = '' // the query whose mentions were asked for, as text
  #pause = pauseMS.least
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = new AbortController()

  /** Asks for the results of a query; `now` leaves out the pause. */
  want({ q, sort, strict }: Question, now = false) {
    const wanted = { q: q.trim(), sort, strict }
    const same = wanted.q === this.#wanted.q && wanted.sort === this.#wanted.sort && wanted.strict === this.#wanted.strict
    if (same && !this.error && !(now && this.#timer)) return
    this.#wanted = wanted
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running.abort()
    this.#running = new AbortController()
    if (!wanted.q) {
      this.query = this.error = this.#counted = ''
      this.results = this.mentions = null
      this.busy = false
      return
    }
    this.busy = true
    if (now) void this.#run()
    else this.#timer = setTimeout(() => void this.#run(), this.#pause)
  }

  async #run() {
    this.#timer = undefined
    const { signal } = this.#running
    const wanted = this.#wanted
    const asked = performance.now()
    try {
      const results = await search({ ...wanted, limit: pageSize, moments: momentsShown, facets: true }, signal)
      if (signal.aborted) return
      this.results = results
      this.error = ''
    } catch (e) {
      if (signal.aborted) return
      this.error = explain(e)
      this.results = null
    } finally {
      const took = performance.now() - asked // of an answer that was given up, or longer
      this.#pause = Math.min(Math.max(took, signal.aborted ? this.#pause : pauseMS.least), pauseMS.most)
    }
    this.query = wanted.q
    this.busy = false
  }

  /** Appends the next episodes. */
  async more() {
    const { results } = this
    const { signal } = this.#running
    if (!results) return
    this.busy = true
    try {
      const next = await search({ ...this.#wanted, limit: pageSize, offset: results.hits.length, moments: momentsShown }, signal)
      const known = new Set(results.hits.map((h) => h.episode.id))
      results.hits.push(...next.hits.filter((h) => !known.has(h.episode.id)))
      results.total = next.hits.length ? next.total : results.hits.length
    } catch (e) {
      if (!signal.aborted) this.error = explain(e)
    }
    if (!signal.aborted) this.busy = false
  }

  /** Shows the next moments of a hit as they are spoken: the first page takes the place of the best ones. */
  async moments(hit: Hit, from: number) {
    const { signal } = this.#running
    try {
      const { hits } = await search(
        { q: this.query, strict: this.strict, episode: hit.episode.id, moments: momentsPage, moments_offset: from || -1 },
        signal,
      )
      if (!hits[0] || signal.aborted) return
      hit.moments = from ? [...hit.moments, ...hits[0].moments] : hits[0].moments
      hit.total = hits[0].moments.length ? hits[0].total : hit.moments.length
    } catch (e) {
      if (!signal.aborted) this.error = explain(e)
    }
  }

  /** Counts the matches over time, once for each query. */
  async count() {
    const { q } = this.#wanted
    const { signal } = this.#running
    const { strict } = this
    const key = `${strict} ${q}`
    if (!q || key === this.#counted) return
    this.#counted = key
    try {
      const counted = await mentions({ q, strict }, signal)
      if (!signal.aborted) this.mentions = counted
    } catch {
      if (signal.aborted) return
      this.mentions = null // the results are there all the same
    }
  }

  /** Whether one episode may only be searched for the very query: others match it, or it was asked for so. */
  get strict(): boolean {
    return this.#wanted.strict || !this.results?.approximate
  }
}

export const finder = new Finder()
