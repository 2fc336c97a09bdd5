// Who uses the page, and what they may do. Controls for what they may not are not shown.
import { type Session, getSession, onStranger, send } from './api'
import { forget } from './keep'

const scopes = ['read', 'write', 'admin'] as const
export type Scope = (typeof scopes)[number]

class SessionState {
  // Until the server has said otherwise everything is shown: it decides anyway.
  me = $state.raw<Session>({ access: 'open', user: '', role: '', may: 'admin', sees: 'admins', logged_in: false })
  asking = $state(false) // the login is shown over the page

  constructor() {
    onStranger.then = () => void this.load()
  }

  async load() {
    try {
      this.me = await getSession()
    } catch {
      // The page says by itself that the server does not answer.
    }
  }

  may(scope: Scope): boolean {
    return scopes.indexOf(this.me.may as Scope) >= scopes.indexOf(scope)
  }

  async logIn(user: string, password: string) {
    await send<Session>('POST', '/api/v1/session', { user, password })
    location.reload() // everything is as it is for this user
  }

  async logOut() {
    await send<Session>('DELETE', '/api/v1/session')
    forget() // whoever comes next is somebody else
    location.assign('/')
  }
}

export const session = new SessionState()
