// What is kept from everybody: what somebody wants to keep, and the calls for it.
import type { components } from '../schema'
import { later } from '../texts/later'
import { get, send } from './api'
import { clock } from './format'

type Schemas = components['schemas']
export type Passage = Schemas['Private']
export type Staying = Schemas['Staying']['where']
export type Wish = Schemas['PrivateWish']

const of = (episode: string) => `/api/v1/episodes/${encodeURIComponent(episode)}/private`

export const listPrivate = (episode: string) => get<Schemas['PrivateList']>(of(episode))
export const setPrivate = (episode: string, wish: Wish) => send<Schemas['Marked']>('POST', of(episode), wish)
export const liftPrivate = (episode: string, passage: number) => send<Passage>('POST', `${of(episode)}/${passage}/lift`)
export const privateLog = (cursor: string) => get<Schemas['PrivateLog']>(`/api/v1/private-log${cursor && `?cursor=${encodeURIComponent(cursor)}`}`)

/** Where in its episode a passage is, for people. */
export function where(p: Passage): string {
  const say = later().private
  if (p.end_ms) return say.between(clock(p.start_ms), clock(p.end_ms))
  return p.start_ms ? say.since(clock(p.start_ms)) : say.whole
}

/** What the dialog is about: a passage that was selected, or what is private already. */
export interface Asked {
  from: number // milliseconds
  to: number // 0: to the end
  fresh: boolean // it is to be made private
}

class Hiding {
  asked = $state.raw<Asked | null>(null)
}

export const hiding = new Hiding()
