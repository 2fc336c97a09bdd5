// The one audio element, and what it plays.
import { type Episode, coverURL, mediaURL, playbackURL } from './api'
import { t } from '../texts/texts'
import { keep, kept } from './keep'
import { leave, place } from './places'

export const slowest = 0.5
export const fastest = 3
const leastGap = 900 // milliseconds: a shorter silence is part of speaking
const breath = 250 // what is left of a silence on either side
const leaveEvery = 5000
const backAgain = 2000 // who goes back within this time means the one before

/** Stretches in which nobody speaks, in milliseconds, in order. */
export type Gaps = { from: number; to: number }[]

/** Keys of keyboards, headsets and locked screens. */
function onKey(action: MediaSessionAction, f: MediaSessionActionHandler | null) {
  try {
    navigator.mediaSession.setActionHandler(action, f)
  } catch {
    // This browser has no such key.
  }
}

class Player {
  episode = $state.raw<Episode | null>(null)
  position = $state(0) // milliseconds
  duration = $state(0) // milliseconds; 0 while unknown
  playing = $state(false)
  waiting = $state(false)
  error = $state('')
  rate = $state(1)
  volume = $state(1)
  muted = $state(false)
  skipSilence = $state(false)
  skipped = $state(0) // milliseconds of silence that were left out since the page was opened
  /** Called when the position has come to rest: after a pause or a seek. */
  settled: (() => void) | undefined
  /** Called at the end of what was to be played, the recording's or the one that was named. Who loads something else takes its place. */
  over = $state.raw<(() => void) | undefined>()

  #audio: HTMLAudioElement | undefined
  #frame = 0
  #start = 0 // where to begin once the element is ready
  #ready = false // the element has its metadata and stands where it was told to; before, it says zero
  #until = 0 // where to stop; 0: at the end
  #gaps: Gaps = []
  #gapsOf = ''
  #left = 0 // when the position was noted last
  #plain = false // the recording itself is played: its copy could not be

  constructor() {
    const s = (kept('sound') ?? {}) as Record<string, unknown>
    const between = (v: unknown, low: number, high: number) => (typeof v === 'number' && v >= low && v <= high ? v : 1)
    this.rate = between(s.rate, slowest, fastest)
    this.volume = between(s.volume, 0, 1)
    this.muted = s.muted === true
    this.skipSilence = s.skipSilence === true
  }

  attach(audio: HTMLAudioElement) {
    this.#audio = audio
    this.#sound()
    const on = (event: string, f: () => void) => audio.addEventListener(event, f)
    on('loadedmetadata', () => {
      if (Number.isFinite(audio.duration)) this.duration = audio.duration * 1000
      if (this.#start > 0) audio.currentTime = this.#start / 1000
      this.#sound()
      this.#ready = true
    })
    on('durationchange', () => {
      if (Number.isFinite(audio.duration)) this.duration = audio.duration * 1000
    })
    on('play', () => this.#follow())
    on('playing', () => (this.waiting = false))
    on('waiting', () => (this.waiting = true))
    on('pause', () => this.#rest())
    on('ended', () => {
      this.#rest()
      this.over?.()
    })
    on('seeked', () => {
      this.#read()
      this.settled?.()
    })
    on('timeupdate', () => this.#read())
    on('error', () => this.#failed())
    addEventListener('pagehide', () => this.#leave())
  }

  /** Loads an episode, or stays with the one that is loaded, and goes to a time; null is where it was left. */
  load(episode: Episode, at: number | null, play: boolean, until = 0) {
    const audio = this.#audio
    if (!audio) return
    this.over = undefined
    if (this.episode?.id !== episode.id || this.error) {
      this.#leave()
      this.episode = episode
      this.error = ''
      this.duration = episode.duration_ms ?? 0
      this.#start = this.position = at ?? place(episode.id)
      this.waiting = play
      this.#plain = false
      if (episode.audio_not_kept || episode.private) return this.#silent(audio)
      this.#source(audio, play)
      this.#describe(episode)
    } else if (at !== null) {
      this.seek(at)
    }
    this.#until = until
    if (play) this.play()
  }

  /** Goes on with what may be heard now of the episode that is loaded, where that has changed. */
  renew(episode: Episode) {
    const before = this.episode
    if (!this.#audio || before?.id !== episode.id || (before.audio_version === episode.audio_version && before.private === episode.private)) return
    const play = this.playing || this.waiting
    this.episode = episode
    this.error = ''
    this.#plain = false
    this.#start = this.position
    if (episode.private) return this.#silent(this.#audio)
    this.#source(this.#audio, play)
    if (play) this.play()
  }

  play() {
    if (this.episode?.audio_not_kept || this.episode?.private) return
    this.#audio?.play().catch((e: unknown) => {
      // A newer load may have taken the place of this one; else the browser wants a click first.
      if (e instanceof DOMException && e.name === 'AbortError') return
      this.playing = this.waiting = false
    })
  }

  pause() {
    this.#audio?.pause()
  }

  toggle() {
    if (!this.#audio || !this.episode) return
    if (this.#audio.paused) this.play()
    else this.#audio.pause()
  }

  seek(ms: number) {
    if (!this.#audio || !this.episode) return
    this.position = this.#start = Math.max(0, this.duration ? Math.min(ms, this.duration - 50) : ms)
    this.#until = 0 // whoever goes elsewhere wants to go on
    if (this.#ready) this.#audio.currentTime = this.position / 1000
  }

  skip(ms: number) {
    this.seek(this.position + ms)
  }

  setRate(rate: number) {
    this.rate = Math.round(Math.min(fastest, Math.max(slowest, rate)) * 100) / 100
    this.#sound(true)
  }

  setVolume(volume: number) {
    this.volume = Math.min(1, Math.max(0, volume))
    this.muted = false
    this.#sound(true)
  }

  mute() {
    this.muted = !this.muted
    this.#sound(true)
  }

  setSkipSilence(skip: boolean) {
    this.skipSilence = skip
    this.#sound(true)
  }

  /** Tells when nobody speaks in an episode. */
  hush(id: string, gaps: Gaps) {
    this.#gapsOf = id
    this.#gaps = gaps.filter((g) => g.to - g.from >= leastGap)
  }

  #sound(changed = false) {
    const audio = this.#audio
    if (audio) {
      audio.defaultPlaybackRate = audio.playbackRate = this.rate
      audio.volume = this.volume
      audio.muted = this.muted
    }
    if (changed) keep('sound', { rate: this.rate, volume: this.volume, muted: this.muted, skipSilence: this.skipSilence })
  }

  /** Says why nothing is heard. */
  #silent(audio: HTMLAudioElement) {
    this.#ready = this.waiting = false
    audio.removeAttribute('src')
    audio.load()
    this.error = this.episode?.private ? t().player.private : t().player.notKept
  }

  #source(audio: HTMLAudioElement, play: boolean) {
    if (!this.episode) return
    this.#ready = false
    audio.preload = play ? 'auto' : 'metadata'
    audio.src = this.#plain ? mediaURL(this.episode) : playbackURL(this.episode)
  }

  #failed() {
    const audio = this.#audio
    if (!audio || !this.episode || this.episode.audio_not_kept || this.episode.private) return
    if (!this.#plain) {
      const play = this.playing || this.waiting
      this.#plain = true
      this.#start = this.position
      this.#source(audio, play)
      if (play) this.play()
      return
    }
    this.playing = this.waiting = false
    this.error = t().player.unplayable
  }

  #read() {
    const audio = this.#audio
    if (!audio || !this.#ready || audio.seeking) return
    this.position = audio.currentTime * 1000
    if (audio.paused) return
    if (this.#until && this.position >= this.#until) {
      this.#until = 0
      audio.pause()
      this.over?.()
      return
    }
    if (this.skipSilence) this.#hurry(audio)
    if (Date.now() - this.#left > leaveEvery) this.#leave()
  }

  /** Leaves out the rest of a silence. */
  #hurry(audio: HTMLAudioElement) {
    if (this.#gapsOf !== this.episode?.id) return
    const gap = this.#gaps.find((g) => this.position > g.from + breath && this.position < g.to - 2 * breath)
    if (!gap) return
    this.skipped += gap.to - breath - this.position
    audio.currentTime = (gap.to - breath) / 1000
  }

  #follow() {
    this.playing = true
    cancelAnimationFrame(this.#frame)
    const step = () => {
      this.#read()
      this.#frame = requestAnimationFrame(step)
    }
    step()
  }

  #rest() {
    cancelAnimationFrame(this.#frame)
    this.playing = this.waiting = false
    this.#read()
    this.#leave()
    this.settled?.()
  }

  #leave() {
    this.#left = Date.now()
    if (this.episode && this.#ready) leave(this.episode.id, this.position, this.duration)
  }

  #describe(episode: Episode) {
    if (!('mediaSession' in navigator)) return
    const session = navigator.mediaSession
    session.metadata = new MediaMetadata({ title: episode.title, artist: episode.show_title, artwork: [{ src: coverURL(episode.id) }] })
    onKey('play', () => this.play())
    onKey('pause', () => this.#audio?.pause())
    onKey('seekbackward', (d) => this.skip(-1000 * (d.seekOffset ?? 10)))
    onKey('seekforward', (d) => this.skip(1000 * (d.seekOffset ?? 10)))
    onKey('seekto', (d) => this.seek((d.seekTime ?? 0) * 1000))
  }

  /** What the keys for the next (1) and the previous track (-1) do; without it the browser offers none. */
  tracks(step: ((by: 1 | -1) => void) | undefined) {
    onKey('nexttrack', step ? () => step(1) : null)
    onKey('previoustrack', step ? () => step(-1) : null)
  }

  /** Goes to the next (1) or the previous (-1) of some times, in milliseconds in order. */
  jump(times: number[], by: 1 | -1) {
    const to = by > 0 ? times.find((ms) => ms > this.position + 100) : times.findLast((ms) => ms < this.position - backAgain)
    if (to !== undefined) this.seek(to)
  }
}

export const player = new Player()
