import { svelte } from '@sveltejs/vite-plugin-svelte'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

// What is served again and again is compressed once, as well as can be; the server sends it to whoever understands Brotli.
const brotli: Plugin = {
  name: 'brotli',
  apply: 'build',
  closeBundle() {
    const assets = resolve(import.meta.dirname, 'dist/assets')
    for (const name of readdirSync(assets).filter((name) => /\.(js|css|svg)$/.test(name))) {
      const file = resolve(assets, name)
      writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)))
    }
  },
}

export default defineConfig({
  plugins: [svelte(), brotli],
  build: {
    // .gitkeep must stay, so that a program without a page compiles; see public/.gitkeep.
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy allows no data: fonts
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 1600, // of the page that shows the API, which nothing else loads
    rollupOptions: { input: ['index.html', 'docs.html'] },
  },
  // `npm run dev` beside `earshot serve`.
  server: { proxy: { '/api': 'http://localhost:8080' } },
})
