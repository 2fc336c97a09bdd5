// What the page says, in its language. The answers of the server are in English.
import { en } from './en'
import { page } from './language.svelte'

export const t = () => page.translation ?? en

/** The text for a word of the server's, such as a kind of job; the word itself where there is none. */
export const named = (texts: Record<string, string>, word: string): string => texts[word] ?? word
