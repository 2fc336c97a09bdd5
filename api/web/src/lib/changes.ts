// Changes of a transcript as somebody makes them, and what a transcript is with those that the server does not know yet.
import type { components } from '../schema'
import type { Segment, Word } from './api'

export type Change = Required<components['schemas']['Change']>
export type Edit = components['schemas']['Edit']

/** A stretch of words, by the start of the first and the end of the last, in milliseconds. */
export interface Stretch {
  start_ms: number
  end_ms: number
}

/** How words of a segment are joined: languages that are written without spaces have none in it. */
const glue = (s: Segment) => (s.text.trim().includes(' ') || s.words.length < 2 ? ' ' : '')

const inside = (w: Word, c: Stretch) => w.start_ms >= c.start_ms && w.end_ms <= c.end_ms

const meets = (s: Segment, c: Stretch) => s.start_ms <= c.end_ms && s.end_ms >= c.start_ms

/** A segment of some words of another one. */
function part(s: Segment, words: Word[], between = glue(s)): Segment {
  return { ...s, words, text: words.map((w) => w.text).join(between), start_ms: words[0]?.start_ms ?? s.start_ms, end_ms: words.at(-1)?.end_ms ?? s.end_ms }
}

/** The words of a text, in the time of others: by their lengths. */
function spread(text: string, c: Stretch): Word[] {
  const words = text.split(/\s+/u).filter(Boolean)
  const letters = words.reduce((sum, w) => sum + w.length, 0)
  let at = c.start_ms
  return words.map((w, i) => {
    const end = i === words.length - 1 ? c.end_ms : Math.round(at + ((c.end_ms - c.start_ms) * w.length) / letters)
    const word = { text: w, start_ms: at, end_ms: end, probability: 1, by: 'edit' } as Word
    at = end
    return word
  })
}

/** Writes words otherwise, if they are what the change is about. */
function rewrite(segments: Segment[], c: Change): Segment[] {
  const words = segments.flatMap((s) => (meets(s, c) ? s.words.filter((w) => inside(w, c)) : []))
  if (!words.length || words.map((w) => w.text).join(' ') !== c.before) return segments
  let fresh: Word[] | undefined = spread(c.after, c)
  return segments.flatMap((s) => {
    if (!meets(s, c)) return [s]
    const first = s.words.findIndex((w) => inside(w, c))
    if (first < 0) return [s]
    const rest = s.words.filter((w) => !inside(w, c))
    rest.splice(first, 0, ...(fresh ?? []))
    fresh = undefined
    return rest.length ? [part(s, rest, s.words.length === 1 ? ' ' : glue(s))] : []
  })
}

/** Cuts segments where a word begins at a time. */
function cut(segments: Segment[], ms: number): Segment[] {
  return segments.flatMap((s) => {
    const at = s.words.findIndex((w) => w.start_ms === ms)
    return at > 0 ? [part(s, s.words.slice(0, at)), part(s, s.words.slice(at))] : [s]
  })
}

function join(segments: Segment[], ms: number): Segment[] {
  const at = segments.findIndex((s) => s.words[0]?.start_ms === ms)
  const [a, b] = [segments[at - 1], segments[at]]
  if (!a || !b) return segments
  const one = { ...part(a, [...a.words, ...b.words]), text: `${a.text.trim()}${glue(a)}${b.text.trim()}` }
  return [...segments.slice(0, at - 1), one, ...segments.slice(at + 1)]
}

function say(segments: Segment[], c: Change): Segment[] {
  const after = segments.flatMap((s) => s.words).find((w) => w.start_ms >= c.end_ms)
  const pieces = cut(after ? cut(segments, after.start_ms) : segments, c.start_ms)
  return pieces.map((s) => (s.start_ms >= c.start_ms && s.end_ms <= c.end_ms ? { ...s, speaker: c.after } : s))
}

/** Segments with changes laid over them, in their order. One that is not about what stands there changes nothing. */
export function over(segments: Segment[], changes: Change[]): Segment[] {
  let out = segments
  for (const c of changes) {
    switch (c.kind) {
      case 'text':
        out = rewrite(out, c)
        break
      case 'split':
        out = cut(out, c.start_ms)
        break
      case 'join':
        out = join(out, c.start_ms)
        break
      case 'speaker':
        out = say(out, c)
        break
      case 'rename':
        out = out.map((s) => (s.speaker === c.before ? { ...s, speaker: c.after } : s))
    }
  }
  return out
}

const most = 200 // bytes of what a change of speaker is about

/** The beginning of a text, not longer than a number of bytes, without half a letter at its end. */
export function beginning(text: string, bytes = most): string {
  const cutAt = new TextEncoder().encode(text).slice(0, bytes)
  return new TextDecoder().decode(cutAt).replace(/\uFFFD+$/u, '')
}

/** A piece of two texts: in both, only in the old one, or only in the new one. */
export interface Piece {
  text: string
  is: 'same' | 'old' | 'new'
}

/** What of a text became what of another, word by word: what they begin and end with, and the rest. */
export function difference(before: string, after: string): Piece[] {
  const [a, b] = [before, after].map((t) => t.split(/\s+/u).filter(Boolean)) as [string[], string[]]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const pieces: Piece[] = [
    { text: a.slice(0, head).join(' '), is: 'same' },
    { text: a.slice(head, a.length - tail).join(' '), is: 'old' },
    { text: b.slice(head, b.length - tail).join(' '), is: 'new' },
    { text: a.slice(a.length - tail).join(' '), is: 'same' },
  ]
  return pieces.filter((p) => p.text)
}
