/** What an error's code or text has in it, as the source of a pattern; what is wrong; and what to do, if more than that. */
export type Reason = readonly [words: string, what: string, wayOut?: string]

const CLOSED = 'ECONNRESET|EPIPE|Socket closed unexpectedly|The client is closed|The client is offline|Disconnects client'
const SILENT = 'ETIMEDOUT|Connection timeout|Socket timeout'

/**
 * What is wrong with a Redis, the most telling first: an error that is of two kinds is of the first, and so is a
 * connection that has met two. docs/errors.md has them all.
 */
export const REASONS: readonly Reason[] = [
  // Errors that quote a command, or explain themselves at length, and so have other words of this list in them.
  ['DENIED', 'it is in protected mode, and takes nobody from other machines', 'set a password for it, and give it here'],
  ['(?<=unknown command [\'`])HELLO', 'it does not know this command', 'give its client the option RESP: 2'],
  ['(?<=unknown command [\'`])SENTINEL', 'it is no Sentinel', 'name the port of a Sentinel, most often 26379'],
  ['unknown command|Unknown Redis command|wrong number of arguments|not allowed from script|Command is not available|NOSCRIPT',
    'it does not have a command that is needed', 'use Redis 6.2 or later, or Valkey, with all commands that docs/scaling.md lists'],

  // What was set wrongly.
  ['without any password configured|no password is set', 'it has no password', 'give none, or set one for it'],
  ['WRONGPASS|invalid password', 'it refuses the user name or password', 'see to both, and write them %-encoded in a URL'],
  ['NOAUTH', 'it asks for a password', 'give one, or user and password'],
  ['NOPERM|user executing the script', 'its user may not do all that docs/scaling.md lists', 'give it these rights'],
  ['NOPROTO', 'it does not speak RESP 3', 'give its client the option RESP: 2'],
  ['DB index is out of range', 'it has no database of this number', 'name another one, or none'],
  ['SELECT is not allowed in cluster mode', 'a cluster has no numbered databases', 'name none'],
  ['cluster support disabled', 'it is no cluster', 'make its client with createClient, or give its URL'],
  ['MOVED|ASK|TRYAGAIN|CROSSSLOT', 'it is a node of a cluster, and the keys are on another one', 'give a createClient that calls createCluster'],
  ['No such master with that name', 'its Sentinels know no master of this name', 'see to the option "name"'],
  ['WRONGTYPE', 'something else is stored under the prefix', 'choose another one'],
  ['INCOMPLETE', 'it has lost a part of its list of keys', 'restore it, or make any change to go on with what is there'],
  ['VERSION', 'its keys are of a format that this version does not know', 'update fastify-dbgpt-auth'],
  ['Unknown RESP type', 'what listens there is no Redis', 'see to host and port'],
  ['ERR_INVALID_URL|URI malformed|is not a valid Redis protocol|Invalid protocol|Invalid pathname|tls socket option is set',
    'its URL is none, or other options contradict it', 'write redis or rediss, user and password %-encoded, and a number for the database'],

  // TLS.
  ['ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|wrong version number', 'it does not speak TLS on this port',
    'begin the URL with redis in place of rediss, or name its port for TLS'],
  ['SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?',
    'its certificate is signed by nobody who is trusted here', 'name the file of its CA in NODE_EXTRA_CA_CERTS'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired', 'renew it'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet', 'see to the clocks'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name', 'use the host name that stands in it'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'it asks for a certificate of its client', 'give one to the client that createClient makes'],
  ['EPROTO|ERR_(?:SSL|TLS|OSSL)_\\w+|CERT_\\w+', 'TLS cannot be agreed on', 'see to versions, ciphers and certificates on both sides'],

  // Its state.
  ['OOM', 'its memory is full, nothing was changed', 'raise its maxmemory, or make room'],
  ['max number of clients', 'it has as many clients as it takes', 'raise its maxclients, or let others go'],
  ['READONLY', 'it is a replica', 'change keys on its master'],
  ['LOADING', 'it is still loading its data', 'wait'],
  ['BUSY', 'a script keeps it busy', 'wait, or end it with SCRIPT KILL'],
  ['MISCONF', 'it cannot write to its disk', 'see its log'],
  ['NOREPLICAS', 'it has too few replicas', 'see to them, or lower its min-replicas-to-write'],
  ['MASTERDOWN', 'its master is down', 'see to that one'],
  ['CLUSTERDOWN|reading \'(?:master|replicas)\'', 'its cluster is down, or a part of it', 'see its CLUSTER INFO'],

  // The way to it, and then what tells the least: connections end for all of the above.
  ['ECANCELED', 'the store was closed meanwhile'],
  ['ENOTFOUND|EAI_AGAIN', 'there is no such host', 'see to its name, and to DNS'],
  ['ECONNREFUSED', 'nothing listens there', 'start it, or see to host and port'],
  ['ENOENT', 'there is no such socket', 'start it, or see to the path'],
  ['EHOSTUNREACH|ENETUNREACH', 'no way leads there', 'see to network and firewall'],
  [SILENT, 'it does not answer', 'see whether it hangs, and to network and firewall'],
  [CLOSED, 'it has ended the connection', 'its log may say why'],
  ['All the root nodes are unavailable|None of the sentinels are available', 'none of its nodes can be used', 'see to their addresses']
]

const ENDS: Reason = [
  CLOSED, 'it ends the connection without an answer', 'begin the URL with rediss if its port is for TLS; its log may say more'
]
const NO_TLS: Reason = [
  `${SILENT}|${CLOSED}`, 'it does not answer, or not over TLS', 'begin the URL with redis if its port is not for TLS; see to network and firewall'
]

/** What some of these mean rather, before any answer has come. */
export const AT_FIRST: Readonly<Record<'plain' | 'tls', Readonly<Record<string, Reason>>>> = {
  plain: { [CLOSED]: ENDS },
  tls: { [SILENT]: NO_TLS, [CLOSED]: NO_TLS }
}
