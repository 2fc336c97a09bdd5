// Users, passwords, browsers and tokens; loaded when somebody looks at them.
import type { components } from '../schema'
import { get, send } from './api'

type Schemas = components['schemas']
export type Browser = Schemas['Browser']
export type FreshToken = Schemas['FreshToken']
export type Token = Schemas['Token']
export type User = Schemas['User']
export type Role = User['role']
export type Scope = Token['scope']

const named = (kind: 'users' | 'tokens' | 'sessions', id: string) => `/api/v1/${kind}/${encodeURIComponent(id)}`

export const changePassword = (current: string, next: string) => send<Schemas['Session']>('POST', '/api/v1/session/password', { current, new: next })

export const listBrowsers = () => get<Schemas['Browsers']>('/api/v1/sessions')
export const endBrowser = (id: string) => send<undefined>('DELETE', named('sessions', id))

export const listTokens = (all: boolean) => get<Schemas['TokenList']>(`/api/v1/tokens${all ? '?all=true' : ''}`)
export const addToken = (name: string, scope: Scope, days: number) => send<FreshToken>('POST', '/api/v1/tokens', { name, scope, days })
export const removeToken = (id: string) => send<undefined>('DELETE', named('tokens', id))

export const listUsers = () => get<Schemas['Users']>('/api/v1/users')
export const addUser = (name: string, role: Role, password: string) => send<User>('POST', '/api/v1/users', { name, role, password })
export const changeUser = (name: string, change: Schemas['UserChange']) => send<User>('PATCH', named('users', name), change)
export const removeUser = (name: string) => send<undefined>('DELETE', named('users', name))
