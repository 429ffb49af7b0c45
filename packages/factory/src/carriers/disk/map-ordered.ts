/** How many are worked on at once: Node.js packs on four threads. */
const ahead = 8

/** Maps values as they come, several at a time, and hands on the results in the order of the values. */
export async function* mapOrdered<T, R>(
  values: AsyncIterable<T>,
  work: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for await (const value of values) {
    const result = work(value)
    // A failure is told when its turn comes.
    result.catch(() => {})
    running.push(result)
    const first = running.length > ahead ? running.shift() : undefined
    if (first) yield await first
  }
  for (const result of running) yield await result
}
