// The one audio element, and what it plays.
import { type Episode, mediaURL } from './api'

const rates = [1, 1.25, 1.5, 1.75, 2, 0.75]

class Player {
  episode = $state.raw<Episode | null>(null)
  position = $state(0) // milliseconds
  duration = $state(0) // milliseconds; 0 while unknown
  playing = $state(false)
  waiting = $state(false)
  rate = $state(1)
  error = $state('')
  /** Called when the position has come to rest: after a pause or a seek. */
  settled: (() => void) | undefined

  #audio: HTMLAudioElement | undefined
  #frame = 0
  #start = 0 // where to begin once the element is ready
  #ready = false // the element has its metadata and stands where it was told to; before, it says zero

  attach(audio: HTMLAudioElement) {
    this.#audio = audio
    const on = (event: string, f: () => void) => audio.addEventListener(event, f)
    on('loadedmetadata', () => {
      if (Number.isFinite(audio.duration)) this.duration = audio.duration * 1000
      if (this.#start > 0) audio.currentTime = this.#start / 1000
      audio.playbackRate = this.rate
      this.#ready = true
    })
    on('durationchange', () => {
      if (Number.isFinite(audio.duration)) this.duration = audio.duration * 1000
    })
    on('play', () => this.#follow())
    on('playing', () => (this.waiting = false))
    on('waiting', () => (this.waiting = true))
    on('pause', () => this.#rest())
    on('ended', () => this.#rest())
    on('seeked', () => {
      this.#read()
      this.settled?.()
    })
    on('timeupdate', () => this.#read())
    on('error', () => {
      if (!this.episode) return
      this.playing = this.waiting = false
      this.error = 'This audio cannot be played: it is missing on the server, or this browser does not know its format.'
    })
  }

  /** Loads an episode, or stays with the one that is loaded, and goes to a time. */
  load(episode: Episode, at: number, play: boolean) {
    const audio = this.#audio
    if (!audio) return
    if (this.episode?.id !== episode.id || this.error) {
      this.episode = episode
      this.error = ''
      this.duration = episode.duration_ms ?? 0
      this.#start = this.position = at
      this.waiting = play
      this.#ready = false
      audio.preload = play ? 'auto' : 'metadata'
      audio.src = mediaURL(episode.id)
      this.#describe(episode)
    } else {
      this.seek(at)
    }
    if (play) this.play()
  }

  play() {
    this.#audio?.play().catch((e: unknown) => {
      // A newer load may have taken the place of this one; else the browser wants a click first.
      if (e instanceof DOMException && e.name === 'AbortError') return
      this.playing = this.waiting = false
    })
  }

  toggle() {
    if (!this.#audio || !this.episode) return
    if (this.#audio.paused) this.play()
    else this.#audio.pause()
  }

  seek(ms: number) {
    if (!this.#audio || !this.episode) return
    this.position = this.#start = Math.max(0, this.duration ? Math.min(ms, this.duration - 50) : ms)
    if (this.#ready) this.#audio.currentTime = this.position / 1000
  }

  skip(ms: number) {
    this.seek(this.position + ms)
  }

  nextRate() {
    this.rate = rates[(rates.indexOf(this.rate) + 1) % rates.length] ?? 1
    if (this.#audio) this.#audio.playbackRate = this.rate
  }

  #read() {
    if (this.#audio && this.#ready && !this.#audio.seeking) this.position = this.#audio.currentTime * 1000
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
    this.settled?.()
  }

  #describe(episode: Episode) {
    if (!('mediaSession' in navigator)) return
    const session = navigator.mediaSession
    session.metadata = new MediaMetadata({ title: episode.title, artist: episode.show_title })
    session.setActionHandler('play', () => this.play())
    session.setActionHandler('pause', () => this.#audio?.pause())
    session.setActionHandler('seekbackward', () => this.skip(-10_000))
    session.setActionHandler('seekforward', () => this.skip(10_000))
    session.setActionHandler('seekto', (d) => this.seek((d.seekTime ?? 0) * 1000))
  }
}

export const player = new Player()
