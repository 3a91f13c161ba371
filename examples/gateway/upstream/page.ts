/** DB-GPT's flows page in small: it asks for the flows without a key, and shows what it is told if that fails. */
export const flowsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AWEL Flow</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 40rem; padding: 1.5rem }
header { display: flex; justify-content: space-between; align-items: center }
#notification { padding: .75rem 1rem; border: 1px solid #b3261e; border-radius: .375rem }
</style>
</head>
<body>
<header>
<h1>AWEL Flow</h1>
<form method="post" action="/logout"><button>Log out</button></form>
</header>
<p id="notification" role="alert" hidden></p>
<ul id="flows" aria-live="polite"></ul>
<p><button id="reload">Reload</button></p>
<script>
const notification = document.getElementById('notification')
const list = document.getElementById('flows')
async function load () {
  const answer = await fetch('/api/v2/serve/awel/flows?page=1&page_size=12')
  const { success, err_msg: message, data } = await answer.json()
  notification.hidden = success
  notification.textContent = success ? '' : 'Request error ' + message
  list.replaceChildren(...(success ? data.items : []).map(({ label, name }) => {
    const item = document.createElement('li')
    item.textContent = label + ' (' + name + ')'
    return item
  }))
}
document.getElementById('reload').addEventListener('click', load)
load()
</script>
</body>
</html>
`
