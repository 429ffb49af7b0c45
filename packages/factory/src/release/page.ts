import { type CheckState, countStates, type Release } from '@kiln/contract/release/manifest'

/** The release for people: one static page, with a search over the matrix. Needs no server and no other file. */
export function releasePage(release: Release): string {
  const { name, version, required, artifacts } = release
  const counts = countStates(release)
  const head = required.map((check) => `<th>${escaped(check)}</th>`).join('')
  const sums = required
    .map((check) => {
      const states = Object.entries(counts[check] ?? {}).map(([state, count]) => `${count} ${state}`)
      return `<td>${escaped(states.join(', '))}</td>`
    })
    .join('')
  const rows = artifacts
    .map(({ file, image, size, digest, checks }) => {
      const cells = required
        .map((check) => stateCell(version, checks[check] ?? { state: 'not-run' }))
        .join('')
      return `<tr data-words="${escaped(`${file} ${image}`.toLowerCase())}"><td><a href="${href(version, file)}">${escaped(file)}</a></td><td>${(size / 2 ** 20).toFixed(1)} MiB</td><td><code title="${digest}">${digest.slice(7, 19)}</code></td>${cells}</tr>`
    })
    .join('\n')
  const title = escaped(`${name} ${version}`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<p>${artifacts.length} artifacts. <a href="${href(version, 'release.json')}">release.json</a> says the same for programs.</p>
<input type="search" placeholder="search: debian arm64 iso" aria-label="search" autofocus>
<table>
<thead><tr><th>artifact</th><th>size</th><th>sha256</th>${head}</tr><tr class="sums"><td></td><td></td><td></td>${sums}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
<script>${script}</script>
</html>
`
}

/** From the page, which lies beside the folder of the release. */
function href(version: string, file: string): string {
  return `${encodeURIComponent(version)}/${encodeURIComponent(file)}`
}

function stateCell(version: string, state: CheckState): string {
  const link = (text: string, file: string) => `<a href="${href(version, file)}">${text}</a>`
  const title = titleOf(state)
  const shown = state.state === 'passed' && state.evidence ? link('passed', state.evidence.file) : state.state
  return `<td class="${state.state}"${title === '' ? '' : ` title="${escaped(title)}"`}>${shown}</td>`
}

function titleOf(state: CheckState): string {
  switch (state.state) {
    case 'passed':
      return ''
    case 'failed':
      return state.reason
    case 'not-run':
      return state.reason ?? ''
    case 'waived':
      return `${state.why} (${state.who}, until ${state.until})`
  }
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color-scheme: light dark }
input { font: inherit; width: 100%; padding: .4rem; margin: .5rem 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884 }
.passed { color: #17803d } .failed { color: #c0262d; font-weight: 600 } .not-run { color: #888 } .waived { color: #a16207 }
`

/** All words must occur, in any order. */
const script = `
const rows = [...document.querySelectorAll('tbody tr')]
document.querySelector('input').addEventListener('input', ({ target }) => {
  const words = target.value.toLowerCase().split(/\\s+/).filter(Boolean)
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.words.includes(word))
})
`
