// What services begin their keys with, by their own documentation and by what secret scanners look for.
const OWNERS: readonly (readonly [owner: string, form: RegExp])[] = [
  ['OpenAI', /^sk-(?:proj|svcacct|admin)-|^sk-.*T3BlbkFJ/],
  ['Anthropic', /^sk-ant-/],
  ['OpenRouter', /^sk-or-/],
  ['OpenAI / LiteLLM', /^sk-/],
  ['Hugging Face', /^hf_/],
  ['Groq', /^gsk_/],
  ['Google', /^AIza/],
  ['OAuth / OpenID Connect (JWT)', /^eyJ[\w-]+\.eyJ/],
  ['GitHub', /^(?:gh[pousr]_|github_pat_)/]
]

/** Says whose key a text is by its beginning. */
export function ownerOf (key: string): string | undefined {
  return OWNERS.find(([, form]) => form.test(key))?.[0]
}
