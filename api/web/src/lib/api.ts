// The API as the page uses it. Types come from the server's own description (`npm run types`).
import type { components, paths } from '../schema'
import { t } from '../texts/texts'

type Schemas = components['schemas']
export type Chapter = Schemas['Chapter']
export type Address = Pick<Schemas['AddShowInputBody'], 'url' | 'user' | 'password' | 'token'>
export type AddedShow = Schemas['AddedShow']
export type Completion = Schemas['Completion']
export type Episode = Schemas['Episode']
export type EpisodeDetail = Schemas['EpisodeDetail']
export type FacetCount = Schemas['FacetCount']
export type Event = Schemas['Event']
export type Facets = Schemas['Facets']
export type Hit = Schemas['Hit']
export type Job = Schemas['JobProgress']
export type Mark = Schemas['Mark']
export type KeptTranscript = Schemas['KeptTranscript']
export type Mentions = Schemas['Mentions']
export type Model = Schemas['Model']
export type Models = Schemas['Models']
export type Moment = Schemas['Moment']
export type Preview = Schemas['Preview']
export type Pull = Schemas['Pull']
export type Results = Schemas['Results']
export type Session = Schemas['Session']
export type Segment = Schemas['Segment']
export type Span = Schemas['Span']
export type SettingsChange = Schemas['SettingsChange']
export type Show = Schemas['Show']
export type Status = Schemas['Status']
export type Storage = Schemas['Storage']
export type Transcript = Schemas['Transcript']
export type Upload = Schemas['Upload']
export type WaitingJob = Schemas['WaitingJob']
export type Word = Schemas['Word']
export type Task = Transcript['task']

/** What the server says when it cannot do what was asked; status 0 means that it was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body?: unknown, // all that it says
  ) {
    super(message)
  }
}

/** What to do when the server no longer knows who asks: the session has ended. */
export const onStranger = { then: () => {} }

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(path, init)
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw new Problem(0, t().page.unreachable)
  }
  if (!answer.ok) {
    if (answer.status === 401) onStranger.then()
    const body = (await answer.json().catch(() => ({}))) as Schemas['ErrorModel']
    throw new Problem(answer.status, reason(body) ?? answer.statusText, body)
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

/** Reads what an operation tells. */
export const get = <T>(path: string) => call<T>(path, {})

/** Asks for a change, with what the operation wants to be told. */
export const send = <T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  call<T>(path, body === undefined ? { method } : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

/** Who uses the page, and what they may do. */
export const getSession = () => get<Session>('/api/v1/session')

function reason(problem: Schemas['ErrorModel']): string | undefined {
  const first = problem.errors?.[0]
  return first?.message ? `${problem.detail}: ${first.message}` : problem.detail
}

type Query<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? Q : never

function address<P extends keyof paths>(path: P, query: NonNullable<Query<P>>): string {
  const s = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== '' && v !== false) s.set(k, String(v))
  return `${path}?${s}`
}

const of = (id: string) => `/api/v1/episodes/${encodeURIComponent(id)}`

/** What is silent because it is private makes another address, so that no cache answers with what was there before. */
const version = (e: Episode) => (e.audio_version ? `?v=${e.audio_version}` : '')

export const mediaURL = (e: Episode) => `${of(e.id)}/media${version(e)}`

/** What to play: the recording, or a copy in which browsers find every moment. */
export const playbackURL = (e: Episode) => `${of(e.id)}/playback${version(e)}`

export const coverURL = (id: string) => `${of(id)}/cover`

export const clipURL = (id: string, start: number, end: number) => `${of(id)}/clip.m4a?start=${Math.round(start)}&end=${Math.round(end)}`

export const embedURL = (id: string, t: string) => `/embed/${encodeURIComponent(id)}${t && `?t=${t}`}`

export const transcriptURL = (id: string, form: string) => `${of(id)}/transcript.${form}`

/** How loud an episode is, from 0 to 255 in each of equal stretches of time. */
export const getPeaks = (id: string, signal: AbortSignal) => call<Schemas['Peaks']>(`${of(id)}/peaks`, { signal })

export const search = (query: NonNullable<Query<'/api/v1/search'>>, signal: AbortSignal) =>
  call<Results>(address('/api/v1/search', query), { signal })

export const complete = (query: NonNullable<Query<'/api/v1/complete'>>, signal: AbortSignal) =>
  call<Schemas['Completions']>(address('/api/v1/complete', query), { signal })

export const mentions = (query: NonNullable<Query<'/api/v1/mentions'>>, signal: AbortSignal) =>
  call<Mentions>(address('/api/v1/mentions', query), { signal })

export const uploadsURL = '/api/v1/uploads'

export const listUploads = () => call<Schemas['UploadList']>(uploadsURL, {})

export const getUpload = (id: string) => call<Upload>(`${uploadsURL}/${encodeURIComponent(id)}`, {})

export const listShows = () => call<Schemas['Shows']>('/api/v1/shows', {})

export const listEpisodes = (query: NonNullable<Query<'/api/v1/episodes'>>) =>
  call<Schemas['Episodes']>(address('/api/v1/episodes', query), {})

export const getEpisode = (id: string, signal: AbortSignal) => call<EpisodeDetail>(of(id), { signal })

const change = (method: string, body?: unknown): RequestInit =>
  body === undefined ? { method } : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }

const ofShow = (id: string) => `/api/v1/shows/${encodeURIComponent(id)}`

export const showCoverURL = (id: string) => `${ofShow(id)}/cover`
export const feedURL = (id: string) => `${ofShow(id)}/feed.xml`

export const getShow = (id: string) => call<Show>(ofShow(id), {})

/** What is at an address, or in a list of feeds. */
export const previewShow = (what: Address & { opml?: string; settings?: SettingsChange }, signal: AbortSignal) =>
  call<Preview>('/api/v1/shows/preview', { ...change('POST', what), signal })

export const addShow = (what: Address & { settings?: SettingsChange }) => call<AddedShow>('/api/v1/shows', change('POST', what))

export const changeShow = (id: string, what: Address & { settings?: SettingsChange }) => call<Show>(ofShow(id), change('PATCH', what))

/** Says who may see a show. */
export const setVisibility = (id: string, visible_to: Show['visible_to']) => call<Show>(`${ofShow(id)}/visibility`, change('PUT', { visible_to }))

export const removeShow = (id: string) => call<Schemas['RemovedShow']>(ofShow(id), change('DELETE'))

export const pollShow = (id: string) => call<Show>(`${ofShow(id)}/poll`, change('POST'))

export const holdShow = (id: string, pause: boolean) => call<Show>(`${ofShow(id)}/${pause ? 'pause' : 'resume'}`, change('POST'))

export const listQueue = (query: NonNullable<Query<'/api/v1/queue'>>) => call<Schemas['WaitingJobs']>(address('/api/v1/queue', query), {})

export const retryAll = () => call<Schemas['Retried']>('/api/v1/queue/retry', change('POST'))

export const cancelEpisode = (id: string) => call<EpisodeDetail>(`${of(id)}/cancel`, change('POST'))

export const fetchEpisode = (id: string) => call<EpisodeDetail>(`${of(id)}/fetch`, change('POST'))

export const retranscribe = (id: string, language: string) => call<EpisodeDetail>(`${of(id)}/retranscribe`, change('POST', language ? { language } : {}))

export const listTranscripts = (id: string) => call<Schemas['KeptTranscripts']>(`${of(id)}/transcripts`, {})

export const episodeLog = (id: string) => call<Schemas['Log']>(`${of(id)}/log`, {})

export const listModels = () => call<Models>('/api/v1/models', {})

export const onModel = (name: string, what: 'pull' | 'stop' | 'remove') => {
  const model = `/api/v1/models/${encodeURIComponent(name)}`
  return call<Models>(what === 'remove' ? model : `${model}/${what}`, change(what === 'remove' ? 'DELETE' : 'POST'))
}

export const getStorage = () => call<Storage>('/api/v1/storage', {})

/** The current transcript of a task, or the kept one with a number; null when there is none yet. */
export const getTranscript = (id: string, task: Task, kept: number, signal: AbortSignal) =>
  call<Transcript>(`${of(id)}/transcript${kept ? `?kept=${kept}` : task === 'translate' ? '?task=translate' : ''}`, { signal }).catch((e: unknown) => {
    if (e instanceof Problem && e.status === 404) return null
    throw e
  })

export const retryEpisode = (id: string) => call<EpisodeDetail>(`${of(id)}/retry`, { method: 'POST' })

/** Puts an episode before all others. */
export const doEpisodeNow = (id: string) => call<EpisodeDetail>(`${of(id)}/now`, { method: 'POST' })

export const holdQueue = (pause: boolean) => call<Status>(`/api/v1/queue/${pause ? 'pause' : 'resume'}`, { method: 'POST' })

/** What to show a reader of an error; '' for a request that was given up because a newer one took its place. */
export function explain(e: unknown): string {
  if (e instanceof DOMException && e.name === 'AbortError') return ''
  return e instanceof Error ? e.message : String(e)
}
