/** What `dbgpt-gateway --help` prints. */
export const HELP = `Usage: dbgpt-gateway

Stands in front of an unmodified DB-GPT and asks for API keys: programs send
Authorization: Bearer <key>, people log in with their key. Keys are made by
dbgpt-auth, which comes with it.

It reads its settings from the environment, and from .env in the working
directory. A blank one is an unset one.

  DBGPT_URL           DB-GPT's address, such as http://127.0.0.1:5670;
                      unset, a small stand-in is started
  HOST, PORT          where to listen (127.0.0.1, 3000)
  API_KEYS            the keys, separated by commas, or
  API_KEYS_FILE       a file of keys: dbgpt-auth create --store keys.json, or
  API_KEYS_REDIS_URL  a Redis that holds keys and sessions, for several instances
  API_KEYS_USAGE      on: count how often each key is used, and when last (off)
  API_AUTH            auto, on or off (auto)
  API_AUTH_EXPLAIN    whether refusals say what to do, to DB-GPT's pages in
                      their language (on)
  NODE_ENV            production: it does not start without strong keys
  SESSION_SECRET      signs the cookies, at least 32 characters
  DBGPT_API_KEY       the key that DB-GPT itself asks for, if it does
  DBGPT_USERS         on: each key is a user of DB-GPT; off: callers say who
                      they are (on)
  GATEWAY_BADGE       whether DB-GPT's pages get a way to log out (on)
  TRUST_PROXY         whose X-Forwarded-* is believed, such as 127.0.0.1
  KEY_HEADER          a header for keys beside Authorization
  CORS_ORIGINS        origins whose pages may call with a key
  METRICS_PORT        where metrics are served at /metrics, without a key;
                      unset, nowhere
  METRICS_HOST        the address of that port (127.0.0.1)
  METRICS_PER_KEY     on: requests are counted by key (off)
  DRAIN_SECONDS       how long /ready says 503 at SIGTERM before it stops (0)
`
