import t from 'tap'
import { DAY_MS, formatDuration, parseDuration, parseEnd, parseInstant } from '../../../lib/cli/call/time.ts'
import { shown } from '../../support/shown.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

t.test('durations are whole numbers of a unit, or nothing', async t => {
  const cases = { 0: 0, '0s': 0, '90s': 90_000, '30m': 1_800_000, '24h': DAY_MS, '90d': 90 * DAY_MS, '2w': 14 * DAY_MS }
  for (const [text, ms] of Object.entries(cases)) t.equal(parseDuration(text, '--grace'), ms, shown(text))
  for (const text of ['', '1', '-1h', '1.5h', 'h', '1 h', '1y', '1H', '9999999999d', 'soon', '24h ']) {
    t.throws(() => parseDuration(text, '--grace'), { message: '--grace must be a duration such as 30m, 24h or 90d' }, shown(text))
  }
})

t.test('instants to come are ISO dates of the calendar, or durations from now', async t => {
  const cases = {
    '2030-01-01': '2030-01-01T00:00:00.000Z',
    '2030-01-01T12:30Z': '2030-01-01T12:30:00.000Z',
    '2030-01-01T12:30:15.5+02:00': '2030-01-01T10:30:15.500Z',
    '90d': '2026-04-01T00:00:00.000Z',
    '2028-02-29': '2028-02-29T00:00:00.000Z',
    '2030-12-31T24:00Z': '2031-01-01T00:00:00.000Z',
    '1s': '2026-01-01T00:00:01.000Z',
    '9999-12-31T23:59:59.999Z': '9999-12-31T23:59:59.999Z'
  }
  for (const [text, iso] of Object.entries(cases)) t.equal(parseInstant(text, '--expires', NOW).toISOString(), iso, shown(text))
  const wrong = [
    '', '0', '2030', '2030-13-01', '2030-00-01', '2030-01-00', '2030-01-32', '2030-02-29', '2030-02-31', '2030-04-31', '2030-02-31T12:00Z',
    '2030-01-01T12:30', '2030-01-01T25:00Z', '2030-01-01T24:01Z', '2030-01-01T12:60Z', '2030-01-01T12:00:60Z', '2030-01-01T12:00+25:00',
    '10000-01-01', '1/2/2030', 'tomorrow', '-1d', '2030-02-30T99:00Z'
  ]
  for (const text of wrong) {
    t.throws(() => parseInstant(text, '--expires', NOW), { message: /^--expires must be a duration such as 90d, or a date/ }, shown(text))
  }
  for (const text of ['0s', '0d', '2025-12-31', '2026-01-01', '0001-01-01', '2026-01-01T00:00:00Z']) {
    t.throws(() => parseInstant(text, '--expires', NOW), { message: '--expires must be in the future' }, shown(text))
  }
  for (const text of ['999999999w', '3000000d']) {
    t.throws(() => parseInstant(text, '--expires', NOW), { message: '--expires must end before the year 10000' }, shown(text))
  }
})

t.test('an end is a duration from now, and may be now', async t => {
  t.equal(parseEnd('0', '--grace', NOW).getTime(), NOW)
  t.equal(parseEnd('24h', '--grace', NOW).getTime(), NOW + DAY_MS)
  t.throws(() => parseEnd('2030-01-01', '--grace', NOW), { message: /^--grace must be a duration/ })
  t.throws(() => parseEnd('999999999w', '--grace', NOW), { message: '--grace must end before the year 10000' })
})

t.test('a duration is told in the largest unit that it fills', async t => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'], [59_000, '59s'], [60_000, '1m'], [3_600_000, '1h'], [DAY_MS - 1000, '24h'], [DAY_MS, '1d'], [90 * DAY_MS - 1, '90d']
  ]
  for (const [ms, text] of cases) t.equal(formatDuration(ms), text, shown(ms))
})
