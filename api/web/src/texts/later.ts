// What the page says in the parts of it that are loaded when they are wanted.
import { later as english } from './en.later'
import { page } from './language.svelte'
import { named } from './texts'

export const later = () => page.translation ?? english

/** The text for what a job does. To translate is a task of the kind of job that transcribes. */
export const job = (texts: Record<string, string>, j: { kind: string; task?: string | undefined }): string => named(texts, j.task === 'translate' ? j.task : j.kind)
