import { BlockList, isIP } from 'node:net'

const NEAR = new BlockList()
for (const [net, prefix, family] of [
  ['127.0.0.0', 8, 'ipv4'], ['10.0.0.0', 8, 'ipv4'], ['172.16.0.0', 12, 'ipv4'], ['192.168.0.0', 16, 'ipv4'], ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'], ['::1', 128, 'ipv6'], ['fc00::', 7, 'ipv6'], ['fe80::', 10, 'ipv6']
] as const) NEAR.addSubnet(net, prefix, family)

/** Tells whether an address is known to be one of the whole Internet: no loopback, no private network. */
export function isPublic (address: string): boolean {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(bare)
  return family !== 0 && !NEAR.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/** Returns a URL's host as the system's calls take it: an IPv6 address without brackets. */
export function hostOf ({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Returns a URL's port, the one of its scheme if it names none. */
export function portOf ({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
