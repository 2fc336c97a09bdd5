// Search as you type: waits for a pause, gives up what a newer query replaces, never shows answers out of order.
import { type Hit, type Results, explain, search } from './api'

const pauseMS = 140
const pageSize = 20

class Finder {
  query = $state('') // that `results` or `error` belong to
  results = $state<Results | null>(null)
  error = $state('')
  busy = $state(false)

  #wanted = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: AbortController | undefined

  /** Asks for the results of a query; `now` leaves out the pause. */
  want(query: string, now = false) {
    query = query.trim()
    if (query === this.#wanted && !this.error) return
    this.#wanted = query
    clearTimeout(this.#timer)
    this.#running?.abort()
    if (!query) {
      this.query = this.error = ''
      this.results = null
      this.busy = false
      return
    }
    this.busy = true
    this.#timer = setTimeout(() => void this.#run(query), now ? 0 : pauseMS)
  }

  async #run(query: string) {
    const running = (this.#running = new AbortController())
    try {
      const results = await search({ q: query, limit: pageSize, moments: 4 }, running.signal)
      if (running.signal.aborted) return
      this.results = results
      this.error = ''
    } catch (e) {
      if (running.signal.aborted) return
      this.error = explain(e)
      this.results = null
    }
    this.query = query
    this.busy = false
  }

  /** Appends the next episodes. */
  async more() {
    const { results, query } = this
    const signal = this.#running?.signal
    if (!results || !signal) return
    this.busy = true
    try {
      const next = await search({ q: query, limit: pageSize, offset: results.hits.length, moments: 4 }, signal)
      const known = new Set(results.hits.map((h) => h.episode.id))
      results.hits.push(...next.hits.filter((h) => !known.has(h.episode.id)))
      results.total = next.hits.length ? next.total : results.hits.length
    } catch (e) {
      this.error = explain(e)
    }
    if (!signal.aborted) this.busy = false
  }

  /** Fills in all moments of a hit. */
  async all(hit: Hit) {
    const signal = this.#running?.signal
    if (!signal) return
    try {
      const { hits } = await search({ q: this.query, episode: hit.episode.id, moments: 1000 }, signal)
      if (hits[0]) hit.moments = hits[0].moments
    } catch (e) {
      this.error = explain(e)
    }
  }
}

export const finder = new Finder()
