// Mentions by month as the bars of a chart.
import type { Mentions } from './api'
import { month as monthName } from './format'

export interface Bar {
  label: string // "March 2020" or "2020"
  filter: string // what restricts a query to it
  moments: number
  episodes: number
  of: number // episodes published then, matching or not
}

const mostMonths = 48 // more are shown by year

/** "2020-03" → months since year 0. */
const number = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
const name = (n: number) => `${String(Math.floor(n / 12)).padStart(4, '0')}-${String((n % 12) + 1).padStart(2, '0')}`

/** The bars of every month, or of every year when there are many months; those without a match are empty. */
export function bars(months: Mentions['months']): Bar[] {
  const first = months[0]
  const last = months.at(-1)
  if (!first || !last) return []
  const from = number(first.month)
  const to = number(last.month)
  const byYear = to - from >= mostMonths
  const start = byYear ? Math.floor(from / 12) : from
  const end = byYear ? Math.floor(to / 12) : to
  if (end - start >= mostMonths * 5) return [] // a date is wrong; no chart can show it
  const out: Bar[] = []
  for (let n = start; n <= end; n++) {
    // Neither before: nor after: includes what it names.
    const bar = byYear
      ? { label: String(n), filter: `year:${n}` }
      : { label: monthName(Date.UTC(Math.floor(n / 12), n % 12)), filter: `after:${name(n - 1)} before:${name(n + 1)}` }
    out.push({ ...bar, moments: 0, episodes: 0, of: 0 })
  }
  for (const m of months) {
    const n = number(m.month)
    const bar = out[(byYear ? Math.floor(n / 12) : n) - start]
    if (!bar) continue
    bar.moments += m.moments
    bar.episodes += m.episodes
    bar.of += m.of
  }
  return out
}
