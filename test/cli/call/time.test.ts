import t from 'tap'
import { DAY_MS, formatDuration, parseDuration, parseInstant } from '../../../lib/cli/call/time.ts'
import { shown } from '../../support/shown.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

t.test('durations are whole numbers of a unit, or nothing', async t => {
  const cases = { 0: 0, '0s': 0, '90s': 90_000, '30m': 1_800_000, '24h': DAY_MS, '90d': 90 * DAY_MS, '2w': 14 * DAY_MS }
  for (const [text, ms] of Object.entries(cases)) t.equal(parseDuration(text, '--grace'), ms, shown(text))
  for (const text of ['', '1', '-1h', '1.5h', 'h', '1 h', '1y', '1H', '9999999999d', 'soon', '24h ']) {
    t.throws(() => parseDuration(text, '--grace'), { message: '--grace must be a duration such as 30m, 24h or 90d' }, shown(text))
  }
})

t.test('instants are ISO dates, or durations from now', async t => {
  const cases = {
    '2030-01-01': '2030-01-01T00:00:00.000Z',
    '2030-01-01T12:30Z': '2030-01-01T12:30:00.000Z',
    '2030-01-01T12:30:15.5+02:00': '2030-01-01T10:30:15.500Z',
    '90d': '2026-04-01T00:00:00.000Z',
    '0s': '2026-01-01T00:00:00.000Z'
  }
  for (const [text, iso] of Object.entries(cases)) t.equal(parseInstant(text, '--expires', NOW).toISOString(), iso, shown(text))
  for (const text of ['', '0', '2030', '2030-13-01', '2030-01-01T12:30', '1/2/2030', 'tomorrow', '-1d', '999999999w', '2030-02-30T99:00Z']) {
    t.throws(() => parseInstant(text, '--expires', NOW), { message: /^--expires must be a duration such as 90d, or a date/ }, shown(text))
  }
})

t.test('a duration is told in the largest unit that it fills', async t => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'], [59_000, '59s'], [60_000, '1m'], [3_600_000, '1h'], [DAY_MS - 1000, '24h'], [DAY_MS, '1d'], [90 * DAY_MS - 1, '90d']
  ]
  for (const [ms, text] of cases) t.equal(formatDuration(ms), text, shown(ms))
})
