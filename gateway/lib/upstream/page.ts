/** DB-GPT's flows page in small: it asks for the flows without a key, and shows what it is told if that fails. */
export const flowsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AWEL Flow</title>
<style>
:root { color-scheme: light dark; --page: #f7f7f7; --card: #fff; --text: #1c2533; --edge: #e0e5ec; --line: #767f8c; --soft: #566070;
  --error: #b3261e; font: 1rem/1.5 system-ui, sans-serif }
@media (prefers-color-scheme: dark) { :root { --page: #151622; --card: #232734; --text: #e8ebf2; --edge: #353b4c; --line: #8d95a5;
  --soft: #b0b8c7; --error: #ffb4ab } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text) }
header { border-bottom: 1px solid var(--edge); background: var(--card) }
header div, main { display: flex; flex-wrap: wrap; gap: 1rem; justify-content: space-between; align-items: center; max-width: 60rem;
  margin: 0 auto; padding: .75rem 1rem }
main { padding-top: 2rem; padding-bottom: 3rem }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25 }
p { margin: 0; overflow-wrap: anywhere }
.about, span { color: var(--soft); font-size: .875rem }
button { padding: .375rem .875rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: inherit;
  font: inherit; cursor: pointer }
button:hover { background: var(--page) }
button:focus-visible { outline: 3px solid #4c8df6; outline-offset: 2px }
#notification { width: 100%; padding: .75rem 1rem; border: 1px solid; border-radius: .5rem; background: var(--card); color: var(--error) }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem; width: 100%; margin: 0;
  padding: 0; list-style: none }
li { padding: 1rem 1.25rem; border: 1px solid var(--edge); border-top: 3px solid #0069fe; border-radius: .75rem; background: var(--card);
  overflow-wrap: anywhere }
strong, li span { display: block }
[hidden] { display: none }
</style>
</head>
<body>
<header><div>
<p><strong>DB-GPT</strong><span>a small stand-in</span></p>
<form method="post" action="/logout"><button>Log out</button></form>
</div></header>
<main>
<div><h1>AWEL Flow</h1><p class="about">The workflows of this DB-GPT</p></div>
<button id="reload">Reload</button>
<p id="notification" role="alert" hidden></p>
<ul id="flows" aria-live="polite"></ul>
</main>
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
    const [title, id] = [document.createElement('strong'), document.createElement('span')]
    title.textContent = label
    id.textContent = '(' + name + ')'
    item.append(title, ' ', id)
    return item
  }))
}
document.getElementById('reload').addEventListener('click', load)
load()
</script>
</body>
</html>
`
