// Where listening to an episode was left, for the episodes heard last.
import { keep, kept } from './keep'

const most = 300
const leastMS = 5000 // what was hardly begun is begun anew

type Places = Record<string, { ms: number; at: number }>

function read(): Places {
  const all = kept('places')
  return all && typeof all === 'object' ? (all as Places) : {}
}

/** The position in an episode, 0 when it is to be heard from its start. */
export function place(id: string): number {
  const ms = read()[id]?.ms
  return typeof ms === 'number' && ms > 0 && Number.isFinite(ms) ? ms : 0
}

/** Notes a position; one near the start or the end means that there is none. */
export function leave(id: string, ms: number, duration: number) {
  const all = read()
  if (ms < leastMS || (duration && ms > duration - leastMS)) delete all[id]
  else all[id] = { ms: Math.round(ms), at: Date.now() }
  const newest = Object.entries(all)
    .sort((a, b) => b[1].at - a[1].at)
    .slice(0, most)
  keep('places', Object.fromEntries(newest))
}
