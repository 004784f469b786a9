// Blocks and whether they came out equal when this browser executed them again.
import { blockLink, card, counted, el, grouped } from '/dom.js';

/** Most blocks that are listed and replayed at once. */
const SHOWN = 50;
/** What was replayed since the page was loaded, by height. */
const known = new Map();

export async function audit(chain) {
  const head = await chain.head();
  const first = Math.max(1, head.height - SHOWN);
  // The newest block's results are certified by the next.
  const heights = Array.from({ length: Math.max(0, head.height - first) }, (_, index) => head.height - 1 - index);
  const cells = new Map(heights.map((height) => [height, el('td', {}, status(height))]));
  const rows = heights.map((height) => el('tr', {}, el('td', {}, blockLink(height)), cells.get(height)));
  const bar = el('progress', { max: String(heights.length), value: '0', 'aria-label': 'Blocks replayed' });
  const words = el('p', { 'aria-live': 'polite', id: 'audited' });
  const button = el('button', { type: 'button', class: 'main', id: 'replay-all' }, `Replay these ${heights.length} blocks`);
  let left = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    let [equal, gas] = [0, 0];
    for (const [index, height] of [...heights].reverse().entries()) {
      if (left) return;
      try {
        const { block, replayed } = await replay(chain, height);
        const same = block.state_root === replayed.state_root && block.receipts_root === replayed.receipts_root;
        known.set(height, { same, words: `${counted(replayed.transactions.length, 'transaction')}, ${Math.round(replayed.ms)} ms` });
        equal += same ? 1 : 0;
        gas += replayed.transactions.reduce((all, tx) => all + tx.gas_used, 0);
      } catch (error) {
        known.set(height, { same: false, words: `${error.code ?? 'error'}: ${error.message}` });
      }
      cells.get(height).replaceChildren(status(height));
      bar.value = index + 1;
    }
    words.className = equal === heights.length ? 'good' : 'bad';
    words.textContent = `${equal} of ${heights.length} blocks came out equal on wasmi, ${grouped(gas)} gas.`;
    button.disabled = false;
  });
  const list = el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Blocks' },
    el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'block'), el('th', { scope: 'col' }, 'in this browser'))), el('tbody', {}, rows)));
  return {
    title: 'Audit',
    body: [card('Replay in this browser',
      el('p', {}, 'Each block is fetched with the proofs of what it reads, checked against the hash of the genesis document, executed on wasmi, and compared with what was certified.'),
      el('div', { class: 'row' }, button, bar), words, list)],
    leave: () => { left = true; },
  };
}

async function replay(chain, height) {
  const [block, replayed] = await Promise.all([chain.block(height), chain.replay(height)]);
  return { block, replayed };
}

function status(height) {
  const found = known.get(height);
  if (!found) return el('span', { class: 'quiet' }, 'not replayed yet');
  return el('span', { class: found.same ? 'good' : 'bad' }, `${found.same ? 'equal' : 'NOT EQUAL'}: ${found.words}`);
}
