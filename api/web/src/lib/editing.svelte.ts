// Changing a transcript: what is chosen in it, what was written and is not stored yet, and what can be undone.
import { type Component, tick } from 'svelte'
import { type Chapter, type Problem, type Segment, type Transcript, type Word, explain, send } from './api'
import { type Change, beginning, over } from './changes'
import { type Pending, allPending, editsOf, isRefusal, keepPending, storeChange } from './pending'
import { session } from './session.svelte'
import { selected } from './quote'
import { script } from './text'

/** What somebody else wrote where a change was to be made. */
export interface Conflict {
  mine: Pending
  now: Word[] // in the same place
  theirs: string
}

const againMS = 5000 // between attempts to reach the server

/** What this browser keeps of an episode that its user has not stored yet. */
export const unstored = (episode: string): Pending[] => allPending().filter((p) => p.episode === episode && p.user === session.me.user)

export const undoEdits = (id: string, ids: number[], redo = false) => send('POST', `${editsOf(id)}/${redo ? 'redo' : 'undo'}`, { ids })

export class Editing {
  source: Transcript | null = $state.raw(null) // as the server has it
  pending: Pending[] = $state.raw([])
  chapters: Chapter[] = $state.raw([])
  segments: Segment[] = $derived(over(this.source?.segments ?? [], this.pending))
  text = $derived(script(this.segments, this.chapters, this.source?.private))
  /** What is chosen: from the start of a word to the end of one, in milliseconds; -1 for nothing. */
  from = $state(-1)
  to = $state(-1)
  first: number = $derived(this.from < 0 ? -1 : this.text.starts.findIndex((ms) => ms >= this.from))
  last: number = $derived(this.first < 0 ? -1 : Math.max(this.first, this.text.ends.findLastIndex((ms, i) => ms <= this.to && (this.text.starts[i] ?? Infinity) < Math.max(this.to, this.from + 1))))
  on = $state(true) // words can be chosen
  open = $state(false) // what is chosen is being written
  draft = $state.raw('') // what stands in the field
  problem = $state('') // why the last change is not stored yet
  refused = $state.raw<{ change: Change; why: string } | null>(null) // one that will never be stored
  conflict = $state.raw<Conflict | null>(null)
  done: number[] = $state.raw([]) // changes that can be undone, the newest last
  undone: number[] = $state.raw([])
  asking: 'speaker' | 'history' | '' = $state('') // the window that is open over the page

  #before = '' // of what is being written
  #busy = false
  #again: ReturnType<typeof setTimeout> | undefined
  #wait: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly episode: string,
    readonly field: Component<{ edit: Editing }>,
    readonly reload: () => Promise<void>, // reads the transcript again
  ) {
    this.pending = unstored(episode).map((p) => ({ ...p, state: 'waiting' }))
    void this.store()
  }

  /** Ends it: what is being written is kept. */
  end() {
    this.keepDraft()
    clearTimeout(this.#again)
    clearTimeout(this.#wait)
  }

  get state(): 'storing' | 'failed' | 'stored' | '' {
    if (this.problem) return 'failed'
    if (this.pending.some((p) => p.state === 'waiting')) return 'storing'
    return this.done.length || this.undone.length ? 'stored' : ''
  }

  /** Chooses words by their places. */
  choose(first: number, last = first) {
    const from = this.text.starts[Math.max(0, first)]
    const to = this.text.ends[Math.min(last, this.text.ends.length - 1)]
    if (from === undefined || to === undefined) return
    this.from = from
    this.to = to
  }

  /** Chooses words by pointer and keys within an element that shows them; returns how to end that. */
  listen(node: HTMLElement): () => void {
    let pressed: [number, number] | null = null // what was written before is stored between pressing and releasing, and moves the words
    const wordOf = (e: Event) => Number((e.target as Element).closest<HTMLElement>('[data-word]')?.dataset.word ?? -1)
    const down = (e: Event) => {
      const word = wordOf(e)
      pressed = word < 0 ? null : [this.text.starts[word] ?? 0, this.text.ends[word] ?? 0]
    }
    const click = (e: MouseEvent) => {
      if (!this.on) return
      const several = selected(node)
      if (several && several.last > several.first) {
        this.choose(several.first, several.last)
        getSelection()?.removeAllRanges()
        void this.#focus(node)
      } else if (pressed && e.shiftKey && this.from >= 0) {
        this.from = Math.min(this.from, pressed[0])
        this.to = Math.max(this.to, pressed[1])
      } else if (pressed && (e.target as Element).closest('[data-word]')) {
        ;[this.from, this.to] = pressed
        this.write()
      }
      pressed = null
    }
    const key = (e: KeyboardEvent) => {
      const does = this.on && wordOf(e) >= 0 ? this.#action(e) : undefined
      if (!does) return
      e.preventDefault()
      e.stopPropagation()
      does()
      if (!this.open && !this.asking) void this.#focus(node)
    }
    node.addEventListener('pointerdown', down)
    node.addEventListener('click', click)
    node.addEventListener('keydown', key)
    return () => {
      node.removeEventListener('pointerdown', down)
      node.removeEventListener('click', click)
      node.removeEventListener('keydown', key)
    }
  }

  async #focus(node: HTMLElement) {
    await tick()
    node.querySelector<HTMLElement>(`[data-word="${this.first}"]`)?.focus()
  }

  #action(e: KeyboardEvent): (() => void) | undefined {
    if (e.altKey) return undefined
    if (e.ctrlKey || e.metaKey) return e.key === 'Enter' ? () => this.cut(e.shiftKey ? 'join' : 'split') : undefined
    switch (e.key) {
      case 'ArrowRight':
        return () => (e.shiftKey ? this.choose(this.first, this.last + 1) : this.step(1))
      case 'ArrowLeft':
        return () => (e.shiftKey ? this.choose(this.first, Math.max(this.first, this.last - 1)) : this.step(-1))
      case 'Enter':
        return () => this.write()
      case 'F2':
        return () => (this.asking = 'speaker')
    }
    return undefined
  }

  /** Begins to write what is chosen otherwise. */
  write() {
    if (this.first < 0) return
    // Of words that are not stored yet the times are guessed: they are taken as a whole.
    for (const p of this.pending) {
      if (p.kind !== 'text' || p.start_ms >= this.to || p.end_ms <= this.from) continue
      this.from = Math.min(this.from, p.start_ms)
      this.to = Math.max(this.to, p.end_ms)
    }
    this.draft = this.#before = this.words(this.first, this.last)
    this.open = true
  }

  words = (first: number, last: number) => this.text.words.slice(first, last + 1).join(' ')

  /** Takes what stands in the field; it is stored after a pause, or when the field is left. */
  type(text: string) {
    this.draft = text
    clearTimeout(this.#wait)
    this.#wait = setTimeout(() => this.draft.trim() && this.commit(), 3000)
    this.keepDraft()
  }

  /** Stores what was written. */
  commit() {
    clearTimeout(this.#wait)
    const after = this.draft.trim().replace(/\s+/gu, ' ')
    if (!this.open || after === this.#before) return this.#keep()
    this.make({ kind: 'text', start_ms: this.from, end_ms: this.to, before: this.#before, after })
    this.#before = after
  }

  /** Leaves the field, and stores what was written unless it is given up. */
  leave(giveUp = false) {
    if (!this.open) return
    if (giveUp) this.draft = this.#before
    this.commit()
    this.open = false
  }

  /** Goes to the next (1) or the previous word (-1). */
  step(by: 1 | -1) {
    this.choose(Math.min(Math.max(0, by > 0 ? this.last + 1 : this.first - 1), this.text.words.length - 1))
  }

  /** The segment of the chosen word. */
  get segment(): Segment | undefined {
    return this.segments.findLast((s) => s.start_ms <= this.from)
  }

  /** The names of those who speak, the most frequent first. */
  get speakers(): string[] {
    const times = new Map<string, number>()
    for (const s of this.segments) if (s.speaker) times.set(s.speaker, (times.get(s.speaker) ?? 0) + 1)
    return [...times].sort((a, b) => b[1] - a[1]).map(([name]) => name)
  }

  /** Lets a segment begin at the chosen word, or go on in the one before it. */
  cut(kind: 'split' | 'join') {
    this.leave()
    const at = kind === 'split' ? this.first : this.text.starts.indexOf(this.segment?.words[0]?.start_ms ?? -1)
    const begins = this.segment?.words[0]?.start_ms === this.text.starts[at]
    if (at < 0 || (kind === 'split') === begins || (kind === 'join' && at === 0)) return
    this.make({ kind, start_ms: this.text.starts[at] ?? 0, end_ms: this.text.ends[at] ?? 0, before: this.text.words[at] ?? '', after: '' })
  }

  /** Says who speaks: in the chosen segment, from there to the next who speaks, or wherever the one who speaks there does. */
  speak(name: string, where: 'here' | 'on' | 'all') {
    const segment = this.segment
    if (!segment) return
    const was = segment.speaker ?? ''
    if (where === 'all') return this.make({ kind: 'rename', start_ms: 0, end_ms: 0, before: was, after: name })
    const at = this.segments.indexOf(segment)
    let end = at + 1
    while (where === 'on' && this.segments[end] && (this.segments[end]?.speaker ?? '') === was) end++
    const words = this.segments.slice(at, end).flatMap((s) => s.words)
    const [first, last] = [words[0], words.at(-1)]
    if (!first || !last) return
    this.make({ kind: 'speaker', start_ms: first.start_ms, end_ms: last.end_ms, before: beginning(words.map((w) => w.text).join(' ')), after: name })
  }

  make(change: Change) {
    this.pending = [...this.pending, { ...change, id: crypto.randomUUID(), episode: this.episode, user: session.me.user, state: 'waiting' }]
    this.undone = []
    this.#keep()
    void this.store()
  }

  /** Stores one change after the other, and reads what became of them. */
  async store() {
    if (this.#busy || this.conflict) return
    this.#busy = true
    clearTimeout(this.#again)
    try {
      for (let p = this.#next(); p; p = this.#next()) await this.#send(p)
      this.problem = ''
    } catch (e) {
      if (!this.conflict) this.problem = explain(e)
    }
    this.#busy = false
    const stored = this.pending.filter((p) => p.state === 'stored')
    if (stored.length) {
      await this.reload()
      this.pending = this.pending.filter((p) => !stored.includes(p))
    }
    if (this.problem) this.#again = setTimeout(() => void this.store(), againMS)
    else if (this.#next() && !this.conflict) void this.store()
  }

  #next = () => this.pending.find((p) => p.state === 'waiting')

  async #send(p: Pending) {
    try {
      const { made } = await storeChange(this.episode, p)
      this.done = [...this.done, ...made.map((m) => m.id)]
      this.#settle(p)
    } catch (e) {
      if (!isRefusal(e)) throw e
      if (e.status === 409 && this.#contested(p, e)) throw e
      if (e.status !== 409) this.#refuse(p, e.message)
    }
  }

  /** Asks whose words are to stand; false where both wrote the same. */
  #contested(p: Pending, e: Problem): boolean {
    const there = ((e.body as { now?: Segment[] }).now ?? []).flatMap((s) => s.words)
    const now = there.filter((w) => w.start_ms < p.end_ms && w.end_ms > p.start_ms)
    const theirs = now.map((w) => w.text).join(' ')
    if (p.kind === 'text' && theirs === p.after) {
      this.#settle(p)
      return false
    }
    this.conflict = { mine: p, now, theirs }
    return true
  }

  #refuse(p: Pending, why: string) {
    this.refused = { change: p, why }
    this.#drop(p)
  }

  #drop(p: Pending) {
    this.pending = this.pending.filter((x) => x.id !== p.id)
    this.#keep()
  }

  #settle(p: Pending) {
    this.pending = this.pending.map((x) => (x.id === p.id ? { ...x, state: 'stored' } : x))
    this.#keep()
  }

  /** Ends a conflict: what I wrote stands in the place of what is there now, or not at all. */
  resolve(mine: boolean) {
    const c = this.conflict
    if (!c) return
    this.conflict = null
    const words = c.now
    const [first, last] = [words[0], c.mine.kind === 'split' || c.mine.kind === 'join' ? words[0] : words.at(-1)]
    this.#drop(c.mine)
    if (mine && first && last) {
      const before = words.slice(0, words.indexOf(last) + 1).map((w) => w.text).join(' ')
      const { kind, after } = c.mine
      this.make({ kind, start_ms: first.start_ms, end_ms: last.end_ms, before: kind === 'speaker' ? beginning(before) : before, after })
    }
    void this.reload().then(() => this.store())
  }

  /** Ends a conflict without a choice: theirs stands, and mine is shown until it is closed. */
  putOff(why: string) {
    const c = this.conflict
    this.resolve(false)
    if (c) this.refused = { change: c.mine, why }
  }

  /** Takes the newest change back, or lets the one that was taken back count again. */
  async undo(redo = false) {
    this.leave()
    const waiting = this.#next()
    if (waiting && !redo && !this.#busy) return this.#drop(waiting)
    const id = (redo ? this.undone : this.done).at(-1)
    if (id === undefined) return
    try {
      await undoEdits(this.episode, [id], redo)
      this.problem = ''
      if (redo) [this.done, this.undone] = [[...this.done, id], this.undone.slice(0, -1)]
      else [this.done, this.undone] = [this.done.slice(0, -1), [...this.undone, id]]
      await this.reload()
    } catch (e) {
      this.problem = explain(e)
    }
  }

  /** Keeps what is being written in this browser. */
  keepDraft() {
    const after = this.draft.trim().replace(/\s+/gu, ' ')
    const writes = this.open && after && after !== this.#before
    this.#keep(writes ? [{ kind: 'text', start_ms: this.from, end_ms: this.to, before: this.#before, after, id: `draft ${this.episode}`, episode: this.episode, user: session.me.user, state: 'waiting' }] : [])
  }

  #keep(also: Pending[] = []) {
    const mine = (p: Pending) => p.episode === this.episode && p.user === session.me.user
    keepPending([...allPending().filter((p) => !mine(p)), ...this.pending.filter((p) => p.state === 'waiting'), ...also])
  }
}
