// What this browser keeps between visits. Where it keeps nothing, the page works all the same.

/** Reads what was kept under a name; a form that is not expected is the caller's to find out. */
export function kept(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`earshot.${name}`) ?? 'null')
  } catch {
    return null
  }
}

export function keep(name: string, value: unknown) {
  try {
    localStorage.setItem(`earshot.${name}`, JSON.stringify(value))
  } catch {
    // Full, or not allowed.
  }
}
