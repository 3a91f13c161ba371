/** Writes the tables of findings into docs/errors.md, in both languages; how it is run stands in findings.ts. */
import { readFile, writeFile } from 'node:fs/promises'
import { FINDINGS, findingRows } from './findings.ts'

const HEADINGS: Readonly<Record<string, string>> = {
  'what-doctor-says-of-a-server': 'What doctor says of a server',
  'what-doctor-says-of-a-url': 'What doctor says of a URL'
}

for (const [file, language] of [['docs/errors.md', 'en'], ['docs/zh-CN/errors.md', 'zh']] as const) {
  let text = await readFile(file, 'utf8')
  for (const anchor of Object.keys(FINDINGS)) {
    const heading = language === 'en' ? `## ${HEADINGS[anchor]}\n` : `<a id="${anchor}"></a>\n`
    const start = text.indexOf(heading)
    const begin = text.indexOf('\n| --- |', start)
    const head = text.indexOf('\n', begin + 1) + 1
    const end = head + (/^(?:\|.*\n)*/.exec(text.slice(head))?.[0].length ?? 0)
    text = `${text.slice(0, head)}${findingRows(anchor, language).join('\n')}\n${text.slice(end)}`
  }
  await writeFile(file, text)
}
