const KEY = 'dbgpt_consumer_PLAINTEXT_8Zr3'

module.exports = { KEY, check }

/** Prints what a guarded route answers without a key and with one. */
async function check (app) {
  app.get('/', request => request.apiKey.id.length)
  const without = await app.inject('/')
  const withKey = await app.inject({ url: '/', headers: { authorization: `Bearer ${KEY}` } })
  await app.close()
  console.log(`${without.statusCode} ${without.body}`)
  console.log(`${withKey.statusCode} ${withKey.body}`)
}
