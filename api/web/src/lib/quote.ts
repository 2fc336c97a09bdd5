// A part of what was said, to be given to others: its times make the link, so that it outlives the transcript.
import type { Episode } from './api'
import { t } from '../texts/texts'
import { clock, day } from './format'
import { moment } from './route.svelte'
import { type Script, said } from './text'

export interface Quote {
  from: number // milliseconds
  to: number
  text: string
}

const slack = 30 // milliseconds: times in links are rounded
const lead = 80 // what a listener hears before the first word

/** The words of a script that begin within a time, as places; null when there is none. */
export function within(s: Script, from: number, to: number): { first: number; last: number } | null {
  const first = s.starts.findIndex((ms) => ms >= from - slack)
  const last = s.starts.findLastIndex((ms) => ms < to - slack)
  return first < 0 || last < first ? null : { first, last }
}

/** The quote of the words from one place to another. It begins with its first word, and ends before the next one. */
export function quote(s: Script, first: number, last: number): Quote {
  const from = s.starts[first] ?? 0
  const next = s.starts[last + 1] ?? Infinity
  const to = Math.min(Math.max(s.ends[last] ?? 0, (s.starts[last] ?? 0) + 100) + lead, Math.max(next, (s.starts[last] ?? 0) + 50))
  return { from, to, text: said(s, first, last) }
}

export const quoteLink = (id: string, q: Quote) => `${location.origin}/episodes/${id}?t=${moment(q.from, q.to)}`

/** A quote as people write one: what, who, where, when, and the link. */
export function citation(e: Episode, q: Quote): string {
  const where = [e.show_title, t().quoted(e.title), day(e.published_at), clock(q.from)].filter(Boolean).join(', ')
  return `${t().quoted(q.text)}\n— ${where}\n${quoteLink(e.id, q)}`
}

/** The places of the first and the last word of a selection within an element; null when it holds none. */
export function selected(body: HTMLElement): { first: number; last: number; box: DOMRect } | null {
  const s = getSelection()
  if (!s || s.isCollapsed || !s.rangeCount) return null
  const range = s.getRangeAt(0)
  if (!range.intersectsNode(body)) return null
  // A word counts when at least one of its letters is selected.
  const words = [...body.querySelectorAll<HTMLElement>('[data-word]')].filter((w) => {
    const text = w.firstChild
    if (!text || !range.intersectsNode(text)) return false
    const endsBefore = range.endContainer === text && range.endOffset === 0
    const beginsAfter = range.startContainer === text && range.startOffset >= (text.textContent?.length ?? 0)
    return !endsBefore && !beginsAfter
  })
  const first = words[0]?.dataset.word
  const last = words.at(-1)?.dataset.word
  if (first === undefined || last === undefined) return null
  return { first: Number(first), last: Number(last), box: range.getBoundingClientRect() }
}
