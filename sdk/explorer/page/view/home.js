// The newest blocks, live.
import { blockLink, el, grouped, hashLink, when } from '/dom.js';

const SHOWN = 20;

export async function home(chain) {
  const figures = el('div', { class: 'figures' });
  const rows = el('tbody', {});
  const pause = el('button', { type: 'button', 'aria-pressed': 'false' }, 'Pause');
  let last = -1;
  let paused = false;
  let busy = false;
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'Go on' : 'Pause';
    pause.setAttribute('aria-pressed', String(paused));
  });
  const row = (found) => el('tr', { class: 'new' },
    [blockLink(found.block.height), when(found.block.time_ms), String(found.block.transactions.length),
      `replica ${found.block.proposer}`,
      el('span', { class: found.verified ? 'good' : 'warn' }, found.verified ? `${found.finals.length} certified` : found.fault),
      hashLink('block', found.block.hash)].map((cell) => el('td', {}, cell)));
  const update = async () => {
    if (busy || paused) return;
    busy = true;
    try {
      const head = await chain.head();
      const figure = (name, value) => el('div', { class: 'figure' }, el('span', { class: 'quiet' }, name), el('b', {}, value));
      figures.replaceChildren(
        figure('height', grouped(head.height)), figure('waiting', grouped(head.waiting)),
        figure('replicas', `${head.replicas}, quorum ${head.quorum}`),
        figure('state', head.fault ? el('span', { class: 'bad' }, head.fault) : el('span', { class: 'good' }, 'in order')));
      const first = Math.max(1, last + 1, head.height - SHOWN + 1);
      const heights = Array.from({ length: Math.max(0, head.height - first + 1) }, (_, index) => first + index);
      const found = await Promise.all(heights.map((height) => chain.block(height)));
      found.forEach((block) => rows.prepend(row(block)));
      while (rows.children.length > SHOWN) rows.lastElementChild.remove();
      last = head.height;
    } finally {
      busy = false;
    }
  };
  await update();
  // New blocks are told by the node; the timer is for what changes between them.
  const end = chain.client.subscribe('chain', {}, () => update().catch(() => {}));
  const timer = setInterval(() => update().catch(() => {}), 3000);
  const heads = ['height', 'time', 'transactions', 'leader', 'certificate', 'hash'];
  const blocks = el('section', { class: 'card' },
    el('div', { class: 'row' }, el('h2', {}, 'Newest blocks'), pause),
    el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Newest blocks' },
      el('table', {}, el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, head)))), rows)));
  return { title: 'Blocks', body: [figures, blocks], leave: () => (end(), clearInterval(timer)) };
}
