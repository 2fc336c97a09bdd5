// Files that are being sent. They go in pieces, two at a time, go on by themselves when the connection or the server comes back,
// and when the same file is chosen again after the page was closed.
import type { Upload as Tus } from 'tus-js-client'
import { t } from '../texts/texts'
import { type Upload, explain, getUpload, listUploads, uploadsURL } from './api'

const atATime = 2
const pieceBytes = 32 << 20 // what a proxy with a narrow bound still lets through
const mostFiles = 2000 // of folders that are dropped
/** For how long a lost server is asked again, in ms: a restart or a change of networks. */
const patience = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000, 60_000, 60_000, 60_000]

export interface Sending {
  key: number
  name: string
  bytes: number
  sent: number
  state: 'waiting' | 'sending' | 'failed' | Upload['state']
  reason: string
  episode: string
}

class Uploads {
  list = $state<Sending[]>([])
  broken = $state.raw<Upload[]>([]) // begun in another visit
  open = $state(false) // whether the page shows where to add recordings
  show = $state('') // title of the collection for what is chosen next

  #files = new Map<number, { file: File; show: string; tus?: Tus }>()
  #next = 1

  get busy(): boolean {
    return this.list.some((s) => s.state === 'waiting' || s.state === 'sending' || s.state === 'reading')
  }

  /** Queues files for the collection that was typed. */
  add(files: Iterable<File>) {
    const show = this.show.trim()
    this.open = true
    for (const file of files) {
      const key = this.#next++
      this.#files.set(key, { file, show })
      this.list.push({ key, name: file.name, bytes: file.size, sent: 0, state: 'waiting', reason: '', episode: '' })
    }
    this.#pump()
  }

  retry(s: Sending) {
    s.state = 'waiting'
    s.reason = ''
    this.#pump()
  }

  /** Takes a file off the list; what has arrived of it is dropped. */
  async cancel(s: Sending) {
    const sending = s.state === 'sending' ? this.#files.get(s.key)?.tus : undefined
    this.#forget(s.key)
    await sending?.abort(true).catch(() => undefined) // the server forgets it after some days, too
    this.#pump()
  }

  /** Takes what is over off the list. */
  clear() {
    for (const s of this.list) if (s.state !== 'waiting' && s.state !== 'sending' && s.state !== 'reading') this.#forget(s.key)
  }

  /** Asks the server for uploads that nobody goes on with. */
  async look() {
    try {
      const { uploads } = await listUploads()
      const ours = new Set(this.list.map((s) => s.name))
      this.broken = uploads.filter((u) => u.state === 'arriving' && !ours.has(u.name))
    } catch {
      this.broken = [] // the page says elsewhere that the server is lost
    }
  }

  #forget(key: number) {
    this.#files.delete(key)
    this.list = this.list.filter((s) => s.key !== key)
  }

  #pump() {
    let free = atATime - this.list.filter((s) => s.state === 'sending' || s.state === 'reading').length
    for (const s of this.list) {
      if (free <= 0) return
      if (s.state !== 'waiting') continue
      s.state = 'sending'
      free--
      void this.#send(s)
    }
  }

  async #send(s: Sending) {
    const mine = this.#files.get(s.key)
    if (!mine) return
    try {
      const tus = await import('tus-js-client')
      await new Promise<void>((done, fail) => {
        const upload = new tus.Upload(mine.file, {
          endpoint: uploadsURL,
          chunkSize: pieceBytes,
          retryDelays: patience,
          metadata: { filename: mine.file.name, show: mine.show },
          removeFingerprintOnSuccess: true,
          onProgress: (sent) => {
            s.sent = sent
            if (sent === s.bytes) s.state = 'reading'
          },
          onShouldRetry: (e) => {
            const status = e.originalResponse?.getStatus() ?? 0
            return status === 0 || status === 409 || status === 423 || (status >= 500 && status !== 507)
          },
          onError: fail,
          onSuccess: () => done(),
        })
        mine.tus = upload
        void upload.findPreviousUploads().then((before) => {
          if (before[0]) upload.resumeFromPreviousUpload(before[0])
          upload.start()
        }, fail)
      })
      const up = await getUpload(mine.tus?.url?.split('/').pop() ?? '')
      Object.assign(s, { sent: s.bytes, state: up.state, reason: up.reason, episode: up.episode_id })
    } catch (e) {
      s.state = 'failed'
      s.reason = said(e)
    }
    this.#pump()
  }
}

/** What the server said of an upload that it does not take, or what else went wrong. */
function said(e: unknown): string {
  const body = (e as { originalResponse?: { getBody(): string } | null }).originalResponse?.getBody()
  try {
    const { detail } = JSON.parse(body ?? '') as { detail?: string }
    if (detail) return detail
  } catch {
    // no answer of ours
  }
  return body === undefined ? t().page.connectionLost : explain(e)
}

/** The files of a drop, those of folders too. */
export async function dropped(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null)
  const out: File[] = []
  const walk = async (e: FileSystemEntry): Promise<void> => {
    if (out.length >= mostFiles || e.name.startsWith('.')) return
    if (e.isFile) {
      out.push(await new Promise<File>((done, fail) => (e as FileSystemFileEntry).file(done, fail)))
      return
    }
    const reader = (e as FileSystemDirectoryEntry).createReader()
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail))
      if (!some.length) return
      for (const inner of some) await walk(inner)
    }
  }
  for (const e of entries) await walk(e)
  return out
}

export const uploads = new Uploads()
