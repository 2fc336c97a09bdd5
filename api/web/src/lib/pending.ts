// Changes of transcripts that the server does not have yet. This browser keeps them, so that they outlive a lost connection and a closed
// window.
import { Problem, send } from './api'
import type { Change, Edit } from './changes'
import { keep, kept } from './keep'

/** A change that the server does not have yet, or of which the page has not read yet what it made. */
export interface Pending extends Change {
  id: string
  episode: string
  user: string
  state: 'waiting' | 'stored'
}

interface Edited {
  made: Edit[]
}

const list = 'edits'

const isPending = (p: unknown): p is Pending => typeof p === 'object' && p !== null && typeof (p as Pending).episode === 'string' && typeof (p as Pending).before === 'string'

export const allPending = (): Pending[] => ([kept(list)].flat() as unknown[]).filter(isPending)
export const keepPending = (all: Pending[]) => keep(list, all)

export const editsOf = (id: string) => `/api/v1/episodes/${encodeURIComponent(id)}/edits`

/** Has a change stored. */
export const storeChange = (episode: string, { kind, start_ms, end_ms, before, after }: Change) =>
  send<Edited>('POST', editsOf(episode), { changes: [{ kind, start_ms, end_ms, before, after }] })

/** Whether the server has said that it will not store a change, and not only that it cannot now. */
export const isRefusal = (e: unknown): e is Problem => e instanceof Problem && e.status >= 400 && e.status < 500 && e.status !== 401 && e.status !== 429

let busy = false

/**
 * Stores what a user has changed in episodes that are not open. What is refused waits until the episode is opened, and so does what
 * was changed there after it: somebody has to see why.
 */
export async function storeUnsent(user: string, open: string) {
  if (busy) return
  busy = true
  const stuck = new Set([open])
  try {
    for (const p of allPending()) {
      if (p.user !== user || stuck.has(p.episode)) continue
      try {
        await storeChange(p.episode, p)
        keepPending(allPending().filter((x) => x.id !== p.id))
      } catch (e) {
        if (!isRefusal(e)) return // tried again when the server is there
        stuck.add(p.episode)
      }
    }
  } finally {
    busy = false
  }
}
