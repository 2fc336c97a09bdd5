/** Puts a text into the clipboard; false when the browser does not let it. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Over plain http there is no clipboard, but there is the old way.
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'unseen'
    const selection = getSelection()
    const before = selection?.rangeCount ? selection.getRangeAt(0) : null
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    if (before) {
      selection?.removeAllRanges()
      selection?.addRange(before)
    }
    return done
  }
}
