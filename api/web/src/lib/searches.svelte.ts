// Searches that this browser remembers: the last ones, and those that were saved.
import { keep, kept } from './keep'

const mostRecent = 8
const mostSaved = 50
const longest = 300 // characters of a query that is remembered

function read(name: string, most: number): string[] {
  const list = kept(name)
  return Array.isArray(list) ? list.filter((q): q is string => typeof q === 'string' && q.trim() !== '' && q.length <= longest).slice(0, most) : []
}

class Searches {
  recent = $state.raw(read('recent', mostRecent))
  saved = $state.raw(read('saved', mostSaved))

  /** Notes a query whose results were of use. */
  note(q: string) {
    if (!q.trim() || q.length > longest) return
    this.#recent([q.trim(), ...this.recent.filter((r) => r !== q.trim())].slice(0, mostRecent))
  }

  /** Saves a query, or forgets it. */
  toggle(q: string) {
    const { saved } = this
    if (!saved.includes(q) && q.length > longest) return
    this.saved = saved.includes(q) ? saved.filter((s) => s !== q) : [q, ...saved].slice(0, mostSaved)
    keep('saved', this.saved)
  }

  forget() {
    this.#recent([])
  }

  #recent(list: string[]) {
    this.recent = list
    keep('recent', list)
  }
}

export const searches = new Searches()
