// How times, dates, numbers and names are written, in the page's language.
import { page } from '../texts/language.svelte'

/** 754000 → "12:34"; from an hour on "1:02:03". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

/** Something of Intl, made once for each way of writing, because making it is dear. */
function written<T>(make: (locale: string) => T): () => T {
  const made = new Map<string, T>()
  return () => {
    const { locale } = page
    const known = made.get(locale) ?? make(locale)
    made.set(locale, known)
    return known
  }
}

const integers = written((l) => new Intl.NumberFormat(l, { maximumFractionDigits: 0 }))
const tenths = written((l) => new Intl.NumberFormat(l, { minimumFractionDigits: 1, maximumFractionDigits: 1 }))
const hundredths = written((l) => new Intl.NumberFormat(l, { maximumFractionDigits: 2 }))
const percents = written((l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 0, roundingMode: 'trunc' }))
const lists = written((l) => new Intl.ListFormat(l))
const plurals = written((l) => new Intl.PluralRules(l))
const dates = written((l) => new Intl.DateTimeFormat(l, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }))
const moments = written((l) => new Intl.DateTimeFormat(l, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }))
const datedMoments = written((l) => new Intl.DateTimeFormat(l, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }))
const months = written((l) => new Intl.DateTimeFormat(l, { month: 'long', year: 'numeric', timeZone: 'UTC' }))
const languages = written((l) => new Intl.DisplayNames(l, { type: 'language', fallback: 'code' }))

const units = ['hour', 'minute', 'second', 'byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const measures = written(
  (l) => new Map(units.map((unit) => [unit, new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })])),
)
/** A number and its unit, which stay on one line. */
const measure = (n: number, unit: (typeof units)[number]) => (measures().get(unit)?.format(n) ?? String(n)).replaceAll(' ', '\u00a0')

/** 1234 → "1,234". */
export const number = (n: number) => integers().format(n)

/** How fast work goes: 1.25 → "1.3×". */
export const pace = (n: number) => `${tenths().format(n)}×`

/** How fast a recording is played: 1.25 → "1.25×". */
export const times = (n: number) => `${hundredths().format(n)}×`

/** 0.429 → "42%": nothing is done before it is. */
export const percent = (share: number) => percents().format(share)

/** "Anna, Ben and Carl", each in the direction of its own script. */
export const list = (names: string[]) => lists().format(names.map(bdi))

/** A name of any script within a sentence. */
export const bdi = (name: string) => `\u2068${name}\u2069`

/** "1 moment", "12 moments". */
export const plural = (n: number, forms: { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>) =>
  `${number(n)} ${forms[plurals().select(n)] ?? forms.other}`

/** 4354000 → "1 hr 13 min". */
export function length(ms: number): string {
  const m = Math.round(ms / 60000)
  if (m < 1) return measure(Math.max(1, Math.round(ms / 1000)), 'second')
  return m < 60 ? measure(m, 'minute') : `${measure(Math.floor(m / 60), 'hour')} ${measure(m % 60, 'minute')}`
}

/** 48230000 → "48.2 MB". */
export function bytes(n: number): string {
  const scale = units.slice(3)
  let i = 0
  for (; n >= 1000 && i < scale.length - 1; i++) n /= 1000
  return measure(n < 100 ? n : Math.round(n), scale[i] ?? 'byte')
}

/** "fr" → "French". */
export function language(code: string): string {
  try {
    return languages().of(code) ?? code
  } catch {
    return code // not of the form of a code
  }
}

/** A publication date, "" when unknown. */
export const day = (iso: string | undefined) => (iso ? dates().format(new Date(iso)) : '')

/** A moment of these days: "3 Mar, 14:05". */
export const when = (iso: string) => moments().format(new Date(iso))

/** A moment of any year: "3 Mar 2026, 14:05". */
export const moment = (iso: string) => datedMoments().format(new Date(iso))

/** A month, from its first millisecond: "March 2020". */
export const month = (ms: number) => months().format(ms)

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
