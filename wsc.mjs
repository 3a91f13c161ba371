import WebSocket from 'ws'
for (const p of [['chat', 'key.' + process.env.API_KEYS], ['key.' + process.env.API_KEYS, 'chat'], ['chat', 'key.wrong'], ['chat'], ['key.' + process.env.API_KEYS], []]) {
  await new Promise(r => { const s = new WebSocket('ws://localhost:4106/chat', p); s.on('unexpected-response', (q, a) => { console.log(p.map(x => x.slice(0, 5)), a.statusCode); s.terminate(); r() }); s.on('error', e => { console.log(p.map(x => x.slice(0, 5)), e.message); r() }); s.on('message', m => { console.log(p.map(x => x.slice(0, 5)), String(m), s.protocol); s.close(); r() }) })
}
