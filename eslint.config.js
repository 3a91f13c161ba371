import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['dist/', 'gateway/dist/', 'build/', '.tap/'] }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 125, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true }]
    }
  }
]
