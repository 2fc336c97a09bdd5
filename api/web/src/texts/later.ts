// What the page says in the parts of it that are loaded when they are wanted.
import { later as english } from './en.later'
import { page } from './language.svelte'

export const later = () => page.translation ?? english
