// Text with marks, and transcripts as paragraphs of words.
import type { Chapter, Mark, Moment, Segment, Span, Word } from './api'

export interface Piece {
  text: string
  marked: boolean
}

/** Cuts a snippet at its marks, which count Unicode code points. Overlapping or absurd marks lose, never the text. */
export function pieces(snippet: string, marks: Mark[]): Piece[] {
  const points = Array.from(snippet)
  const out: Piece[] = []
  let at = 0
  const push = (end: number, marked: boolean) => {
    if (end <= at) return
    const text = points.slice(at, end).join('')
    const before = out.at(-1)
    if (before?.marked && marked) before.text += text
    else out.push({ text, marked })
    at = end
  }
  let inside = false // a mark reaches up to `at`
  for (const m of marks) {
    // Neighbours are one mark, their space included: a phrase is read as one.
    const start = Math.min(m.start, points.length)
    push(start, inside && start > at && points.slice(at, start).every((c) => /\s/u.test(c)))
    push(Math.min(m.end, points.length), true)
    inside = true
  }
  push(points.length, false)
  return out
}

/** A part of a segment's text: a word with its place among all words, or what stands between words (-1). */
export interface Token {
  text: string
  word: number
  by?: string | undefined // who wrote it, if not the decoder: 'edit' or 'rule'
}

export interface Run {
  segment: Segment
  tokens: Token[]
}

/** A part of a recording in milliseconds; one that ends where it begins goes on to the end. */
export interface Stretch {
  from: number
  to: number
}

export interface Paragraph {
  held: Stretch[] // what is private just before it
  startMS: number
  chapter: string // title of the chapter that begins with it; '' otherwise
  speaker: string // '' when unknown or the same as before
  first: number // place of its first word among all words
  last: number // one past its last word
  runs: Run[]
}

export interface Script {
  paragraphs: Paragraph[]
  starts: number[] // start of every word in milliseconds, in order
  ends: number[]
  words: string[]
  held: Stretch[] // what is private after the last paragraph
}

const longPauseMS = 1500
const longParagraphMS = 45_000

/** Groups segments into paragraphs by chapter, speaker, pause, length and what is private between them, and finds their words in their texts. */
export function script(segments: Segment[], chapters: Chapter[] = [], hidden: Span[] = []): Script {
  const out: Script = { paragraphs: [], starts: [], ends: [], words: [], held: hidden.map((h) => ({ from: h.start_ms, to: h.end_ms })) }
  const ahead = chapters.filter((c) => c.title).sort((a, b) => a.start_ms - b.start_ms)
  let before: Segment | undefined
  let open: Paragraph | undefined
  for (const s of segments) {
    const turn = (s.speaker ?? '') !== (before?.speaker ?? '')
    const pause = before ? s.start_ms - before.end_ms : 0
    const long = open ? s.end_ms - open.startMS > longParagraphMS && /[.!?…。؟]["”»)]?$/u.test(before?.text.trim() ?? '') : false
    let chapter = ''
    // Marks of chapters are set by hand: what begins within the same second belongs to the chapter.
    for (let next = ahead[0]; next && next.start_ms <= s.start_ms + 1000; next = ahead[0]) {
      chapter = next.title
      ahead.shift()
    }
    const next = out.held.findIndex((h) => h.from > s.start_ms)
    const held = out.held.splice(0, next < 0 ? out.held.length : next)
    if (!open || chapter || turn || pause > longPauseMS || long || held.length) {
      open = {
        held,
        startMS: s.start_ms,
        chapter,
        speaker: turn || !before ? (s.speaker ?? '') : '',
        first: out.starts.length,
        last: out.starts.length,
        runs: [],
      }
      out.paragraphs.push(open)
    }
    open.runs.push({ segment: s, tokens: tokens(s, out) })
    open.last = out.starts.length
    before = s
  }
  return out
}

/** Finds the words of a segment in its text, so that what is read is the text itself. A word without a place in the text is left out. */
function tokens(s: Segment, all: Script): Token[] {
  const text = s.text.trim()
  const out: Token[] = []
  let at = 0
  // A segment without words is one, so that it can be heard and followed all the same.
  const words: Pick<Word, 'text' | 'start_ms' | 'end_ms' | 'by'>[] = s.words.length ? s.words : [{ text, start_ms: s.start_ms, end_ms: s.end_ms }]
  for (const w of words) {
    const found = w.text ? text.indexOf(w.text, at) : -1
    if (found < 0) continue
    if (found > at) out.push({ text: text.slice(at, found), word: -1 })
    out.push({ text: w.text, word: all.starts.length, by: w.by })
    all.starts.push(w.start_ms)
    all.ends.push(w.end_ms)
    all.words.push(w.text)
    at = found + w.text.length
  }
  if (at < text.length) out.push({ text: text.slice(at), word: -1 })
  return out
}

/** The place of the last word that has begun at a time, -1 before the first. */
export function wordAt(starts: number[], ms: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((starts[mid] ?? Infinity) <= ms) low = mid + 1
    else high = mid
  }
  return low - 1
}

/** The places of the words that a search matched. */
export function markedWords(s: Script, moments: Moment[]): Set<number> {
  const out = new Set<number>()
  for (const mark of moments.flatMap((m) => m.marks)) {
    for (let i = wordAt(s.starts, mark.start_ms); i >= 0 && s.starts[i] === mark.start_ms; i--) out.add(i)
  }
  return out
}

/** The words from one place to another, both included, as they are written. */
export function said(s: Script, first: number, last: number): string {
  const parts: string[] = []
  for (const p of s.paragraphs) {
    if (p.last <= first || p.first > last) continue
    for (const run of p.runs) {
      // What stands between two words that are in belongs to them, and so does the mark after the last one.
      const from = run.tokens.findIndex((t) => t.word >= first)
      const to = run.tokens.findLastIndex((t) => t.word >= 0 && t.word <= last)
      if (from < 0 || to < from) continue
      const after = run.tokens[to + 1]
      const mark = after && after.word < 0 ? (/^[^\s\p{L}\p{N}]+/u.exec(after.text)?.[0] ?? '') : ''
      parts.push(run.tokens.slice(from, to + 1).map((t) => t.text).join('') + mark)
    }
  }
  return parts.join(' ')
}

/** Stretches in which nobody speaks: before, between and after the words, as far as the transcript reaches. */
export function silences(s: Script, durationMS: number): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = []
  let end = 0
  s.starts.forEach((start, i) => {
    if (start > end) out.push({ from: end, to: start })
    end = Math.max(end, s.ends[i] ?? start)
  })
  if (durationMS > end) out.push({ from: end, to: durationMS })
  return out
}

/** A text from outside in pieces: what it says, links that may be followed, and times of the recording. */
export type Note = { text: string } | { text: string; href: string } | { text: string; ms: number }

const noteForm = /(?<link>https?:\/\/[^\s<>"“”]+)|(?<![\d:.])(?<time>(?:\d{1,2}:)?[0-5]?\d:[0-5]\d)(?![\d:])/gu

/** Finds links and times in plain text. Times after the end are no times. */
export function notes(text: string, durationMS: number): Note[] {
  const out: Note[] = []
  let at = 0
  for (const m of text.matchAll(noteForm)) {
    let piece: Note | undefined
    if (m.groups?.link) {
      // A mark that ends the sentence, or closes what the link stands in, is no part of it.
      const href = m[0].replace(/[.,;:!?'’)\]}]+$/u, (tail) => (tail.startsWith(')') && m[0].includes('(') ? ')' : ''))
      if (URL.canParse(href)) piece = { text: href, href }
    } else {
      const ms = m[0].split(':').reduce((sum, n) => sum * 60 + Number(n), 0) * 1000
      if (durationMS && ms < durationMS) piece = { text: m[0], ms }
    }
    if (!piece) continue
    if (m.index > at) out.push({ text: text.slice(at, m.index) })
    out.push(piece)
    at = m.index + piece.text.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}
