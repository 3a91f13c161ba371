import t from 'tap'
import { isMisnamed, userOf } from '../../lib/users/user.ts'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY } from '../../../test/support/app.ts'

const { id } = createApiKey(KEY)
const LONG = 'x'.repeat(128)

t.test('a key is the user that its metadata names, else its name, else its id', async t => {
  for (const [details, user, misnamed = false] of [
    [{}, id],
    [{ name: 'alice' }, 'alice'],
    [{ name: 'Alice_2-x' }, 'Alice_2-x'],
    [{ name: 'alice', metadata: { user: '001' } }, '001'],
    [{ name: 'alice', metadata: { user: null } }, 'alice'],
    [{ name: 'alice', metadata: {} }, 'alice'],
    [{ metadata: { user: LONG } }, LONG],
    [{ name: 'Zhāng 三' }, id],
    [{ name: 'a b' }, id],
    [{ name: "a' or ''='" }, id],
    [{ name: '../x' }, id],
    [{ name: `${LONG}x` }, id],
    // Nobody is taken for whom a mistake did not mean.
    [{ name: 'alice', metadata: { user: 'a b' } }, id, true],
    [{ name: 'alice', metadata: { user: 7 } }, id, true],
    [{ name: 'alice', metadata: { user: '' } }, id, true],
    [{ name: 'alice', metadata: { user: 'bob\n' } }, id, true]
  ] as const) {
    const key = createApiKey({ key: KEY, ...details })
    t.equal(userOf(key), user, JSON.stringify(details))
    t.equal(isMisnamed(key), misnamed, JSON.stringify(details))
  }
})

t.test('a polluted prototype names nobody', async t => {
  // eslint-disable-next-line no-extend-native -- as an attack does
  Object.defineProperty(Object.prototype, 'user', { value: 'mallory', configurable: true })
  t.teardown(() => { delete (Object.prototype as { user?: unknown }).user })
  t.equal(userOf(createApiKey({ key: KEY, name: 'alice', metadata: {} })), 'alice')
})
