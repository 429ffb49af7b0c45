const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/**
 * A time in UTC, in a layout of Go: written as the moment `Mon Jan 2 15:04:05 MST 2006` would be.
 * @param ms since 1970
 */
export function formatTime(layout: string, ms: number): string {
  const time = new Date(ms)
  const two = (number: number) => String(number).padStart(2, '0')
  const month = months[time.getUTCMonth()] ?? ''
  const day = days[time.getUTCDay()] ?? ''
  const hour12 = time.getUTCHours() % 12 || 12
  const parts: Readonly<Record<string, string>> = {
    January: month,
    Jan: month.slice(0, 3),
    Monday: day,
    Mon: day.slice(0, 3),
    MST: 'UTC',
    '2006': String(time.getUTCFullYear()).padStart(4, '0'),
    'Z07:00': 'Z',
    '-0700': '+0000',
    '-07:00': '+00:00',
    '01': two(time.getUTCMonth() + 1),
    '02': two(time.getUTCDate()),
    '03': two(hour12),
    '04': two(time.getUTCMinutes()),
    '05': two(time.getUTCSeconds()),
    '06': two(time.getUTCFullYear() % 100),
    '15': two(time.getUTCHours()),
    PM: time.getUTCHours() < 12 ? 'AM' : 'PM',
    '1': String(time.getUTCMonth() + 1),
    '2': String(time.getUTCDate()),
    '3': String(hour12),
  }
  const words = /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|-0700|0[1-6]|15|PM|[123]/g
  return layout.replace(words, (word) => parts[word] ?? word)
}
