// Names of the archive and the rules that write them right, as the page asks for them.
import type { components } from '../schema'
import { type Episode, get, send } from './api'
import { player } from './player.svelte'

type Schemas = components['schemas']
export type ArchiveName = Schemas['ArchiveName']
export type NameDetail = Schemas['NameDetail']
export type Rule = Schemas['Rule']
export type RulePlace = Schemas['RulePlace']
export type RulePreview = Schemas['RulePreview']
export type RuleWarning = Schemas['RuleWarning']
export type RuleOrder = Omit<Schemas['AddRuleInputBody'], 'except'>
export type Except = Schemas['Except']

const names = '/api/v1/names'
const rules = '/api/v1/rules'
const of = (name: string) => `${names}/${encodeURIComponent(name)}`

export const listNames = (q: string, kind: string, cursor: string) => get<Schemas['ArchiveNames']>(`${names}?${new URLSearchParams({ ...(q && { q }), ...(kind && { kind }), ...(cursor && { cursor }), limit: '100' })}`)
export const getName = (name: string) => get<NameDetail>(of(name))
export const setName = (name: string, what: Pick<ArchiveName, 'kind' | 'aliases' | 'ignored' | 'sure'>) => send<NameDetail>('PUT', of(name), what)
export const mergeName = (name: string, into: string) => send<NameDetail>('POST', `${of(name)}/merge`, { into })

export const previewRule = (rule: RuleOrder, cursor: string) => send<RulePreview>('POST', `${rules}/preview`, { ...rule, ...(cursor && { cursor }) })
export const addRule = (rule: RuleOrder, except: Except[]) => send<Rule>('POST', rules, { ...rule, except })
export const listRules = (cursor: string) => get<Schemas['Rules']>(`${rules}${cursor && `?cursor=${encodeURIComponent(cursor)}`}`)
export const undoRule = (id: number, undone: boolean) => send<Rule>('POST', `${rules}/${id}/${undone ? 'undo' : 'redo'}`)

const around = 1200 // milliseconds that are heard before and after a place

/** Plays a place with a little of what is said around it. */
export function hear(episode: Episode, start: number, end: number) {
  player.load(episode, Math.max(0, start - around), true, end + around)
}
