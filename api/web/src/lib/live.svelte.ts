// The archive's status as the server tells it, for as long as the page is open.
import type { Status } from './api'
import { session } from './session.svelte'

const againMS = 4000

class Live {
  status = $state.raw<Status | null>(null)
  lost = $state(false) // the server was there and is not now

  #events: EventSource | undefined
  #again: ReturnType<typeof setTimeout> | undefined

  constructor() {
    // A page that the browser keeps for going back would keep its connection, and browsers have six of them for a server.
    addEventListener('pagehide', () => this.#events?.close())
    addEventListener('pageshow', (e) => {
      if (e.persisted) this.follow()
    })
  }

  follow() {
    this.#events?.close()
    clearTimeout(this.#again)
    if (!session.may('read')) return // the session has ended
    const events = (this.#events = new EventSource('/api/v1/events'))
    events.addEventListener('status', (e) => {
      this.status = JSON.parse(e.data as string) as Status
      this.lost = false
    })
    events.onerror = () => {
      this.lost = this.status !== null
      if (events.readyState !== EventSource.CLOSED) return
      void session.load() // it may be that the session has ended
      this.#again = setTimeout(() => this.follow(), againMS)
    }
  }

  /** Episodes by state, as a text that changes when one of them does. */
  get counts(): string {
    return JSON.stringify([this.status?.shows, this.status?.episodes])
  }

  /** Episodes that are on their way. */
  get pending(): number {
    const e = this.status?.episodes ?? {}
    return (e.queued ?? 0) + (e.downloading ?? 0) + (e.downloaded ?? 0) + (e.transcribing ?? 0)
  }

  /** The running job of an episode with its progress from 0 to 1, null when its end is unknown. */
  progress(id: string): { kind: string; task: string; share: number | null } | undefined {
    const job = this.status?.running.find((j) => j.episode_id === id)
    return job && { kind: job.kind, task: job.task ?? '', share: job.total > 0 ? Math.min(1, job.done / job.total) : null }
  }
}

export const live = new Live()
