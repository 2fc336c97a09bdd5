import { mount } from 'svelte'
import './app.css'
import { session } from './lib/session.svelte'
import Page from './parts/Page.svelte'

const target = document.getElementById('app')
void session.load().then(() => {
  if (target) mount(Page, { target })
})
