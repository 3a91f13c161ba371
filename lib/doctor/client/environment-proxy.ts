import { BlockList, isIP } from 'node:net'
import { hostOf } from './address.ts'

/** A proxy that the environment names for a URL. */
export interface EnvironmentProxy {
  readonly variable: string
  /** Undefined, it is none that can be asked: a SOCKS proxy, or no URL. */
  readonly url: URL | undefined
  /** The text of the variable, which may hold a password. */
  readonly text: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Finds the proxy that programs use for a URL; curl, Python and Go know these variables, in either case. */
export function proxyFor (url: URL, env: Environment): EnvironmentProxy | undefined {
  const scheme = url.protocol.slice(0, -1)
  const names = [`${scheme}_proxy`, `${scheme}_proxy`.toUpperCase(), 'all_proxy', 'ALL_PROXY']
  const variable = names.find(name => (env[name] ?? '').trim() !== '')
  if (variable === undefined || isExcluded(url, env['no_proxy'] ?? env['NO_PROXY'] ?? '')) return undefined
  const text = String(env[variable]).trim()
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const proxy = URL.canParse(full) ? new URL(full) : undefined
  return { variable, text, url: proxy !== undefined && /^https?:$/.test(proxy.protocol) && proxy.hostname !== '' ? proxy : undefined }
}

/** Tells whether a list of hosts, domains, addresses and networks has a URL's host in it. */
function isExcluded (url: URL, list: string): boolean {
  const host = hostOf(url).toLowerCase()
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return list.toLowerCase().split(/[\s,]+/).filter(entry => entry !== '').some(entry => {
    if (entry === '*') return true
    if (entry.includes('/')) return isWithin(host, entry)
    const [, name = entry, only = port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
    const bare = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*?\./, '')
    return only === port && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)))
  })
}

function isWithin (host: string, network: string): boolean {
  const [net = '', prefix = ''] = network.split('/')
  const family = isIP(net)
  const bits = Number(prefix)
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(prefix) || bits > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(net, bits, family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
