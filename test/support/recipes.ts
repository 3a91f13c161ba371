import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import type { Test } from 'tap'
import { KEY, OTHER_KEY } from './app.ts'
import { pageOf, type Snippet, snippetsOf } from './documentation.ts'
import { anchorsOf } from './links.ts'
import { type Ask, startRecipe } from './recipe.ts'

const PAGE = 'docs/recipes.md'
/** The pages of recipes, the first with an index of both. */
export const PAGES = [PAGE, 'docs/recipes-stores.md']
/** What the programs of the recipes find in their environment. */
export const ENV = { API_KEYS: `${KEY},${OTHER_KEY}`, ADMIN_API_KEYS: OTHER_KEY, JWT_SECRET: 'a secret of the tests' }

/** What is special about a start. */
export interface Circumstances {
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Texts of files beside the program, by their paths. */
  readonly files?: Readonly<Record<string, string>>
  /** Changes the program before it runs: what it must not become. */
  readonly change?: (code: string) => string
  /** Another language than that of its snippet, such as `cts`. */
  readonly language?: string
}

/** Starts the program of a recipe, as it stands or as told. */
export type Start = (circumstances?: Circumstances) => Promise<Ask>

/** What the program of a recipe does; `others` are the snippets that follow it under its heading. */
export type Trial = (t: Test, start: Start, others: readonly Snippet[]) => Promise<void>

/** Returns the topics of a page's index, each with the headings that it leads to. */
export async function topicsOfRecipes (file: string = PAGE): Promise<Map<string, string[]>> {
  const page = await pageOf(file)
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading as string)
  const lines = [...page.matchAll(/^- ([\w ,]+): (.*)$/gm)]
  return new Map(lines.map(([, topic = '', line = '']) => [topic, [...line.matchAll(/\]\(#(.*?)\)/g)].map(([, anchor]) => {
    const heading = headings.find(each => anchorsOf(`## ${each}`)[0] === anchor)
    assert.ok(heading !== undefined, `there is no heading for #${anchor}`)
    return heading
  })]))
}

/** Returns the snippets of a recipe. */
async function recipeOf (heading: string): Promise<[Snippet, ...Snippet[]]> {
  return (await snippetsOf(PAGE)).filter(snippet => snippet.heading === heading) as [Snippet, ...Snippet[]]
}

/** Runs each recipe of a topic of the index, with its trial and those at a time that the machine has cores for. */
export async function testRecipes (t: Test, topic: string, trials: Readonly<Record<string, Trial>>): Promise<void> {
  t.jobs = availableParallelism()
  const headings = (await topicsOfRecipes()).get(topic)
  t.test('every recipe of the topic is tried', async t => {
    t.same(headings, Object.keys(trials))
  })
  for (const [heading, trial] of Object.entries(trials)) {
    const [snippet, ...others] = await recipeOf(heading)
    t.test(`the recipe "${heading}" runs as it stands, and guards`, { buffered: true }, async t => {
      await trial(t, async ({ env, files, change, language = snippet.language } = {}) => {
        const code = change?.(snippet.code) ?? snippet.code
        // A change of what is not there any more would try nothing.
        if (change !== undefined) assert.notEqual(code, snippet.code)
        return await startRecipe(t, { language, code, files }, { ...ENV, ...env })
      }, others)
    })
  }
}
