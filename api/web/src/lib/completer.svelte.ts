// Ways to go on with what is being typed. They come when they come: typing, Enter and the results never wait for them.
import { type Completion, complete } from './api'

const pauseMS = 80
const most = 8

class Completer {
  list = $state.raw<Completion[]>([])
  active = $state(-1) // the one that Enter takes; -1 is what was typed

  #timer: ReturnType<typeof setTimeout> | undefined
  #running: AbortController | undefined

  /** Asks for the completions of a text that ends where the caret is. */
  want(text: string) {
    this.#stop()
    this.active = -1
    if (!text.trim() || /\s$/u.test(text)) {
      this.list = []
      return
    }
    this.#timer = setTimeout(() => void this.#run(text), pauseMS)
  }

  close() {
    this.#stop()
    this.list = []
    this.active = -1
  }

  /** Moves through the list; before the first and after the last stands what was typed. */
  move(by: number) {
    const n = this.list.length + 1
    this.active = ((this.active + 1 + by + n) % n) - 1
  }

  #stop() {
    clearTimeout(this.#timer)
    this.#running?.abort()
  }

  async #run(text: string) {
    const { signal } = (this.#running = new AbortController())
    try {
      const { completions } = await complete({ q: text, limit: most }, signal)
      if (!signal.aborted) this.list = completions.filter((c) => c.query !== text)
    } catch {
      if (!signal.aborted) this.list = [] // the results tell why nothing is answered
    }
  }
}

export const completer = new Completer()
