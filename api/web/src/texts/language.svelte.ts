// The language of the page: what the browser prefers, unless another one was chosen here. English is always there, the others come
// when they are wanted.
import { keep, kept } from '../lib/keep'
import type { en } from './en'
import type { later } from './en.later'

/** Every language of the page by its own name. */
export const languages = { en: 'English', de: 'Deutsch', fr: 'Français' }
export type Language = keyof typeof languages
export type Texts = typeof en & typeof later

const translations: Record<Exclude<Language, 'en'>, () => Promise<{ default: Texts }>> = {
  de: () => import('./de'),
  fr: () => import('./fr'),
}

const known = (code: unknown): code is Language => typeof code === 'string' && Object.hasOwn(languages, code)
const plain = (locale: string) => locale.slice(0, 2).toLowerCase()

class Page {
  code = $state.raw<Language>('en')
  /** How numbers and dates are written: the language as the browser's owner writes it, such as de-CH. */
  locale = $state.raw('en')
  /** In the place of the English texts. */
  translation = $state.raw<Texts>()

  #turn = 0

  /** Takes the language that was chosen here, or the first of the browser's that there is. */
  start(): Promise<void> {
    const wanted = kept('language')
    return this.#take(known(wanted) ? wanted : (navigator.languages.map(plain).find(known) ?? 'en'))
  }

  /** Changes the language, and remembers it. */
  choose(code: Language): Promise<void> {
    keep('language', code)
    return this.#take(code)
  }

  async #take(code: Language) {
    const mine = ++this.#turn
    let texts: Texts | undefined
    try {
      texts = code === 'en' ? undefined : (await translations[code]()).default
    } catch {
      return // the server is lost, and the page says so in the language that it has
    }
    if (mine !== this.#turn) return
    this.translation = texts
    this.code = code
    this.locale = navigator.languages.find((l) => plain(l) === code) ?? code
    document.documentElement.lang = code
  }
}

export const page = new Page()
