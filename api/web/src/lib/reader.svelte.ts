// The episode that is open: its facts, its words, and where the query is said in it.
import { type Chapter, type EpisodeDetail, type Moment, type Task, type Transcript, explain, getEpisode, getTranscript, search } from './api'

const page = 1000 // moments asked for at a time
const freshMS = 4000 // how often a growing transcript is read again

class Reader {
  id = $state('')
  episode = $state.raw<EpisodeDetail | null>(null)
  transcript = $state.raw<Transcript | null>(null)
  task = $state<Task>('transcribe') // which of its transcripts is read
  kept = $state(0) // another one than the current, by its number
  moments = $state.raw<Moment[]>([])
  error = $state('')
  busy = $state(false)
  searching = $state(false)
  within = $state('') // what is looked for in this episode alone, in place of the query
  editing = $state(false) // its words can be changed

  #query = ''
  #running: AbortController | undefined
  #asking: AbortController | undefined
  #read = 0
  #again: ReturnType<typeof setTimeout> | undefined

  /** Opens an episode, '' for none; resolves when it is there. */
  async open(id: string) {
    if (id === this.id) return
    this.id = id
    this.episode = this.transcript = null
    this.task = 'transcribe'
    this.kept = 0
    this.moments = []
    this.within = this.#query = ''
    this.editing = false
    if (id) await this.#load()
  }

  /** Its chapters, in order. */
  get chapters(): Chapter[] {
    return this.episode?.chapters ?? []
  }

  /** Reads what was said, or its translation. */
  async choose(task: Task) {
    if (task === this.task && !this.kept) return
    this.task = task
    this.kept = 0
    await this.#load()
  }

  /** Reads the transcript with a number, 0 for the current one. */
  async keep(kept: number) {
    this.kept = kept
    await this.#load()
  }

  /** Reads it again at once; resolves when it is there. */
  async reload() {
    if (this.id) await this.#load()
  }

  /** Reads it again, soon: something has changed. */
  refresh() {
    if (!this.id) return
    clearTimeout(this.#again)
    this.#again = setTimeout(() => void this.#load(), Math.max(0, this.#read + freshMS - Date.now()))
  }

  async #load() {
    clearTimeout(this.#again)
    this.#running?.abort()
    const { signal } = (this.#running = new AbortController())
    const { id, task, kept } = this
    this.busy = true
    this.#read = Date.now()
    try {
      const [episode, transcript] = await Promise.all([getEpisode(id, signal), getTranscript(id, task, kept, signal)])
      if (signal.aborted || id !== this.id) return
      this.episode = episode
      // A translation that is no longer there gives way to what was said.
      if (!transcript && task === 'translate') return void this.choose('transcribe')
      this.transcript = transcript
      this.error = ''
    } catch (e) {
      if (signal.aborted || id !== this.id) return
      this.error = explain(e)
    }
    this.busy = false
  }

  /** Finds where a query is said in the open episode; not strict, what sounds like it will do. */
  async find(query: string, strict: boolean) {
    query = query.trim()
    const key = `${strict} ${query}`
    if (key === this.#query) return
    this.#query = key
    this.#asking?.abort()
    const { signal } = (this.#asking = new AbortController())
    const found: Moment[] = []
    this.searching = true
    try {
      for (let total = query && this.id ? 1 : 0; found.length < total; ) {
        const { hits } = await search({ q: query, strict, episode: this.id, moments: page, moments_offset: found.length || -1 }, signal)
        if (signal.aborted) return
        const next = hits[0]?.moments ?? []
        if (!next.length) break
        found.push(...next)
        total = hits[0]?.total ?? 0
      }
    } catch {
      if (signal.aborted) return // otherwise the results beside it tell why the search fails
    }
    this.moments = found
    this.searching = false
  }
}

export const reader = new Reader()
