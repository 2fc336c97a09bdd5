// All moments of a search in a row: each from just before its first word to the end of what is said there.
import { type Episode, type Moment, type Segment, explain, getTranscript, search } from './api'
import { player } from './player.svelte'
import { type Sort, router } from './route.svelte'

const before = 350 // milliseconds that are heard before a word
const after = 250 // and after the end
const episodesPage = 10
const momentsPage = 200

interface Stop {
  episode: Episode
  moment: Moment
}

class Row {
  list = $state.raw<Stop[]>([])
  at = $state(-1)
  more = $state(false) // there are episodes that are not in the list yet
  query = $state('')
  error = $state('')
  /** The moment that is heard, or was heard last. */
  current = $derived<Stop | undefined>(this.list[this.at])
  /** Whether the row has the player: it leaves it to whatever else is played. */
  on = $derived(this.current !== undefined && player.over !== undefined)

  #wanted: { q: string; sort: Sort; strict: boolean } = { q: '', sort: 'relevance', strict: false }
  #offset = 0 // episodes that were asked for
  #until = 0 // where the moment that is heard ends
  #running = new AbortController()
  #segments: Segment[] = []
  #segmentsOf = ''

  /** Plays all moments of a query. */
  async start(q: string, sort: Sort, strict: boolean) {
    this.#running.abort()
    this.#running = new AbortController()
    this.#wanted = { q, sort, strict }
    this.query = q
    this.list = []
    this.at = -1
    this.#offset = 0
    this.more = true
    await this.step(1)
  }

  /** Goes to the next (1) or previous (-1) moment. One that was heard with the moment before it is passed over. */
  async step(by: 1 | -1) {
    const { signal } = this.#running
    try {
      let to = this.at + by
      const here = this.current
      while (by > 0 && here && this.list[to]?.episode.id === here.episode.id && (this.list[to]?.moment.start_ms ?? 0) < this.#until - after) to++
      while (to >= this.list.length && this.more) await this.#fetch(signal)
      const stop = this.list[to]
      if (signal.aborted || to < 0) return
      if (!stop) return this.stop()
      await this.#play(stop, to, signal)
      this.error = ''
    } catch (e) {
      if (!signal.aborted) this.error = explain(e)
    }
  }

  stop() {
    this.#running.abort()
    player.over = undefined
    player.pause()
  }

  async #fetch(signal: AbortSignal) {
    const page = { limit: episodesPage, offset: this.#offset, moments: momentsPage, moments_offset: -1 }
    const { hits, total } = await search({ ...this.#wanted, ...page }, signal)
    this.#offset += episodesPage
    this.more = hits.length > 0 && this.#offset < total
    const heard = hits.filter((h) => h.episode.media_type)
    this.list = [...this.list, ...heard.flatMap((h) => h.moments.map((moment) => ({ episode: h.episode, moment })))]
  }

  async #play({ episode, moment }: Stop, at: number, signal: AbortSignal) {
    this.at = at
    if (this.#segmentsOf !== episode.id) {
      player.pause() // until it is known where the moment ends
      const transcript = await getTranscript(episode.id, 'transcribe', 0, signal)
      if (signal.aborted) return
      this.#segments = transcript?.segments ?? []
      this.#segmentsOf = episode.id
    }
    const said = this.#segments.find((s) => s.end_ms >= moment.end_ms)
    this.#until = Math.max(moment.end_ms, said && said.start_ms <= moment.end_ms ? said.end_ms : 0) + after
    const from = Math.max(0, moment.start_ms - before)
    player.load(episode, from, true, this.#until)
    player.over = () => void this.step(1)
    if (router.route.episode) router.go({ episode: episode.id, at: from }, true) // who reads along goes along
  }
}

export const row = new Row()
