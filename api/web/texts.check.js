// Finds texts of the page that stand outside of src/texts, where nobody translates them: words in templates, in what is read out or
// shown on hovering, and sentences in scripts.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'svelte/compiler'

const shown = ['alt', 'aria-description', 'aria-label', 'aria-roledescription', 'aria-valuetext', 'label', 'placeholder', 'title']
const word = /\p{L}{2}/u
const sentence = /\p{L}{2,} \p{L}{2}/u
const query = /mutual aid|aid OR help|error budgets|speaker:anna/ // examples, in the language of queries
const names = ['Earshot', 'Mac OS', 'https://example.org/feed.xml', 'Enspiral, Richard D. Bartlett', '<iframe src="', '" loading="lazy" frameborder="0" title="']

const found = []

/** Looks through a tree; `place` is where in a component its node stands. */
function look(node, parent, place, tell) {
  if (Array.isArray(node)) return node.forEach((n) => look(n, parent, place, tell))
  if (!node || typeof node.type !== 'string') return
  const text = node.type === 'Text' && (place === 'shown' || parent?.type !== 'Attribute') ? node.data : node.type === 'TemplateElement' ? node.value.cooked : node.type === 'Literal' ? node.value : ''
  if (typeof text === 'string' && !names.includes(text.trim()) && !query.test(text)) {
    const compared = ['BinaryExpression', 'CallExpression', 'MemberExpression'].includes(parent?.type)
    if (place === 'shown' ? word.test(text) && !compared : place === 'script' && sentence.test(text)) tell(node, text.trim())
  }
  if (node.type === 'ImportDeclaration' || node.type === 'StyleSheet' || node.type.startsWith('TS')) return
  let inner = place
  if (node.type === 'Fragment') inner = 'shown'
  if (node.type === 'Attribute') inner = shown.includes(node.name) ? 'shown' : 'script'
  if (/Block$|Directive$|^RenderTag$|^ConstTag$/.test(node.type)) inner = 'script'
  if (node.type === 'RegularElement' && ['code', 'kbd'].includes(node.name)) return
  for (const [key, child] of Object.entries(node)) {
    if (key !== 'parent' && child && typeof child === 'object') look(child, node, inner, tell)
  }
}

for (const name of readdirSync('src', { recursive: true })) {
  if (!/(?<!\.d)\.(svelte|ts)$/.test(name) || name.startsWith('texts')) continue
  const file = join('src', name)
  const source = readFileSync(file, 'utf8')
  const before = file.endsWith('.ts') ? '<script lang="ts">' : ''
  const tree = parse(before ? `${before}${source}</script>` : source, { modern: true })
  const tell = (node, text) => found.push(`${file}:${source.slice(0, node.start - before.length).split('\n').length}: ${text}`)
  for (const part of [tree.instance, tree.module, tree.fragment]) look(part, undefined, 'script', tell)
}
if (found.length) {
  console.error(`These texts belong into src/texts:\n${found.join('\n')}`)
  process.exitCode = 1
}
