// What this browser keeps between visits. Where it keeps nothing, the page works all the same.

/** Reads what was kept under a name; a form that is not expected is the caller's to find out. */
export function kept(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`earshot.${name}`) ?? 'null')
  } catch {
    return null
  }
}

let left = false // somebody has logged out

export function keep(name: string, value: unknown) {
  if (left) return
  try {
    localStorage.setItem(`earshot.${name}`, JSON.stringify(value))
  } catch {
    // Full, or not allowed.
  }
}

/** Forgets what was searched, heard and written here, and keeps nothing more until the page is loaded again. */
export function forget() {
  left = true
  try {
    for (const name of ['recent', 'saved', 'places', 'edits']) localStorage.removeItem(`earshot.${name}`)
  } catch {
    // Then nothing was kept either.
  }
}
