import { parse } from 'yaml'

export interface Service {
  readonly image?: string
  readonly build?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly read_only?: boolean
  readonly init?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
  readonly logging?: { readonly driver: string, readonly options: Readonly<Record<string, string>> }
  readonly profiles?: readonly string[]
  readonly depends_on?: readonly string[]
}

interface Network {
  readonly subnet: string
  readonly gateway: string
}

export interface Composed {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: { readonly default: { readonly ipam: { readonly config: readonly Network[] } } }
}

/** A variable, and what if it is not there: an error, or something in its place. */
const VARIABLE = /\$\{(\w+)(:?[?-])([^}]*)\}/g

/**
 * Reads a Compose file as Compose does.
 *
 * @param text - the file
 * @param variables - those of its surroundings
 * @throws if one is missing that must be there, with what the file says of it
 */
export function readCompose (text: string, variables: Readonly<Record<string, string>>): Composed {
  const expand = (value: string): string => value.replaceAll(VARIABLE, (_, name: string, operator: string, rest: string) => {
    const found = variables[name]
    if (found !== undefined && (found !== '' || !operator.startsWith(':'))) return found
    if (operator.endsWith('?')) throw new Error(`${name} ${rest}`)
    return rest
  })
  return fill(parse(text), expand) as Composed
}

function fill (tree: unknown, change: (value: string) => string): unknown {
  if (typeof tree === 'string') return change(tree)
  if (Array.isArray(tree)) return tree.map(each => fill(each, change))
  if (typeof tree !== 'object' || tree === null) return tree
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, fill(value, change)]))
}
