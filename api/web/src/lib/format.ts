// How times, dates and names are written.

/** 754000 → "12:34"; from an hour on "1:02:03". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

/** 4354000 → "1 h 13 min". */
export function length(ms: number): string {
  const m = Math.round(ms / 60000)
  if (m < 1) return `${Math.max(1, Math.round(ms / 1000))} s`
  return m < 60 ? `${m} min` : `${Math.floor(m / 60)} h ${m % 60} min`
}

/** 48230000 → "48.2 MB". */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let i = 0
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000
  return `${n.toLocaleString(undefined, { maximumFractionDigits: i && n < 100 ? 1 : 0 })} ${units[i]}`
}

const dates = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

const languages = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** "fr" → "French". */
export function language(code: string): string {
  try {
    return languages.of(code) ?? code
  } catch {
    return code // not of the form of a code
  }
}

/** A publication date, "" when unknown. */
export const day = (iso: string | undefined) => (iso ? dates.format(new Date(iso)) : '')

/** "1 moment", "12 moments". */
export const count = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`

const graphemes = new Intl.Segmenter()

/** Up to two initials of a title. */
export function initials(title: string): string {
  const words = title.split(/[\s\-–—:·]+/u).filter((w) => /[\p{L}\p{N}]/u.test(w) && !/^(the|a|an|of|and)$/i.test(w))
  const first = (w: string) => graphemes.segment(w.replace(/^[^\p{L}\p{N}]+/u, ''))[Symbol.iterator]().next().value?.segment ?? ''
  return words.slice(0, 2).map(first).join('').toLocaleUpperCase() || '·'
}

/** A hue from 0 to 359 that stays with a name. */
export function hue(name: string): number {
  let h = 2166136261
  for (const c of name) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 16777619)
  return (h >>> 0) % 360
}
