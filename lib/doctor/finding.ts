/** A language in which findings can be told; JSON is always English. */
export type Language = 'en' | 'zh'

/** `fact`: how things are, which is no finding and is told to people alone. */
export type Severity = 'error' | 'warning' | 'fact'

/** A sentence on what is so, and the line to change or to run; `{name}` stands for a parameter. */
export interface Text {
  readonly message: string
  readonly fix: string
}

/** What can be found, by its code. */
export interface Entry {
  readonly severity: Severity
  readonly en: Text
  readonly zh: Text
}

/** What was found. Parameters are shown as they are: nothing of a key, a password, or a URL that may have one in it. */
export interface Found<Code extends string = string> {
  readonly code: Code
  readonly params?: Readonly<Record<string, string | number>> | undefined
}

/** What the command tells of it. */
export interface Finding extends Text {
  readonly code: string
  readonly severity: Severity
}

/** Puts what was found into words. */
export function describe<Code extends string> (
  { code, params = {} }: Found<Code>, catalog: Readonly<Record<Code, Entry>>, language: Language = 'en'
): Finding {
  const { severity, [language]: { message, fix } } = catalog[code]
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(params[name] ?? place))
  return { code, severity, message: fill(message), fix: fill(fix) }
}

/** Puts what must be seen to first before the rest, each in the order in which it was found. */
export function bySeverity<Each extends { readonly severity: Severity }> (findings: readonly Each[]): Each[] {
  const order: readonly Severity[] = ['error', 'warning', 'fact']
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
