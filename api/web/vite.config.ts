import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    // .gitkeep must stay, so that a program without a page compiles; see public/.gitkeep.
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy allows no data: fonts
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  // `npm run dev` beside `earshot serve`.
  server: { proxy: { '/api': 'http://localhost:8080' } },
})
