// Writing a name right everywhere: what somebody is about to do. Its dialog comes when it is wanted.
export interface Fix {
  right: string
  wrong: string[]
  show?: { id: string; title: string } // whose page or episode that is about
}

class Fixer {
  /** What is being fixed, null for nothing. */
  now = $state.raw<Fix | null>(null)
  /** Counts what was fixed and undone, for those who show numbers of it. */
  done = $state(0)
}

export const fixer = new Fixer()
