import { mount } from 'svelte'
import './app.css'
import { session } from './lib/session.svelte'
import Page from './parts/Page.svelte'
import { page } from './texts/language.svelte'

const target = document.getElementById('app')
void Promise.all([session.load(), page.start()]).then(() => {
  if (target) mount(Page, { target })
})
