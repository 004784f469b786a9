// What happened inside a transaction: frames, gas, changed entries; from the node or from a replay in this browser.
import { addressLink, card, counted, el, grouped, mono, pretty, short, svg, table } from '/dom.js';

const COLOURS = { transaction: '#8a8f98', frame: '#e8a33d', instructions: '#d9603b', host: '#4f8ec9' };
const [WIDTH, ROW] = [1200, 22];

/** The gas of a transaction as a flame graph; a part that is chosen fills the width. */
export function flameGraph(flame) {
  const depth = (part) => 1 + Math.max(0, ...part.parts.map(depth));
  const words = el('p', { class: 'quiet', 'aria-live': 'polite' });
  const picture = svg('svg', { role: 'group', 'aria-label': 'Gas by frames and host functions' });
  const draw = (root) => {
    const rows = [];
    const place = (part, x, level) => {
      const width = (part.gas * WIDTH) / Math.max(1, root.gas);
      if (width < 1) return;
      const share = ((part.gas * 100) / Math.max(1, flame.gas)).toFixed(1);
      const label = `${part.name}: ${grouped(part.gas)} gas, ${share} %`;
      const letters = Math.floor(width / 7);
      const choose = () => draw(part === root ? flame : part);
      rows.push(svg('g', { role: 'button', tabindex: '0', class: 'flame', onclick: choose,
        onkeydown: (event) => ['Enter', ' '].includes(event.key) && (event.preventDefault(), choose()),
        onfocus: () => { words.textContent = label; }, onmouseenter: () => { words.textContent = label; } },
      svg('title', {}, label),
      svg('rect', { x, y: level * ROW, width, height: ROW - 1, rx: 2, fill: COLOURS[part.kind], stroke: '#fff', 'stroke-width': 0.5 }),
      letters >= 4 && svg('text', { x: x + 3, y: level * ROW + 15, fill: '#101418' }, part.name.slice(0, letters - 1))));
      let left = x;
      for (const inner of part.parts) {
        place(inner, left, level + 1);
        left += (inner.gas * WIDTH) / Math.max(1, root.gas);
      }
    };
    place(root, 0, 0);
    picture.setAttribute('viewBox', `0 0 ${WIDTH} ${depth(root) * ROW}`);
    picture.replaceChildren(...rows);
    words.textContent = `${root.name}: ${grouped(root.gas)} gas`;
  };
  draw(flame);
  return el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Flame graph' }, picture, words);
}

/** A frame with all below it. */
export function callTree(call, open = true) {
  const good = call.status === 'success';
  const name = `${call.method ?? call.entry} in `;
  const host = (step) => el('li', { class: 'quiet' }, mono(`${step.function}(${step.arguments.join(', ')}) → ${step.answer ?? 'stopped'}`), ` ${grouped(step.gas)} gas`);
  const nested = call.steps.filter((step) => step.kind === 'call');
  const hosts = call.steps.filter((step) => step.kind === 'host');
  return el('details', { open, class: 'frame' },
    el('summary', {}, el('span', { class: good ? 'good' : 'bad' }, call.status), ` ${name}${short(call.contract)}, ${grouped(call.gas_used)} gas, of which ${grouped(call.own_gas)} in its own instructions`),
    el('p', {}, 'contract ', addressLink(call.contract), ' called by ', addressLink(call.caller), call.read_only && ' (read only)'),
    call.arguments && el('pre', {}, pretty(call.arguments)),
    !good && call.error !== null && el('pre', { class: 'bad' }, pretty(call.error)),
    good && call.output !== '0x' && el('p', {}, 'answered ', mono(typeof call.output === 'string' ? call.output : pretty(call.output))),
    nested.map((step) => callTree(step)),
    hosts.length > 0 && el('details', {}, el('summary', {}, counted(hosts.length, 'host call')), el('ol', {}, hosts.map(host))));
}

const brief = (value) => (typeof value === 'string' ? short(value) : JSON.stringify(value, (_, item) => (typeof item === 'string' ? short(item) : item)));

/** The field and key of an entry, or the bytes of its key. */
export const entryName = (decoded, key) =>
  el('span', { class: 'mono', title: key }, decoded ? `${decoded.field}${decoded.key === null ? '' : `[${brief(decoded.key)}]`}` : short(key));

/** The value of an entry, decoded where the interface knows it. */
export function stored(decoded, raw) {
  if (raw === null || raw === undefined) return el('span', { class: 'quiet' }, 'absent');
  const text = decoded ? brief(decoded.value) : raw;
  return el('span', { class: 'mono', title: raw }, text.length > 60 ? `${text.slice(0, 58)}…` : text);
}

/** Entries before and after. */
export function stateDiff(changes) {
  const owner = (key) => (/^0x0{64}/.test(key) ? 'the system' : addressLink(key.slice(0, 66)));
  return table('Changed entries', ['of', 'entry', 'before', 'after'],
    changes.map((change) => [owner(change.key), entryName(change.old_decoded ?? change.new_decoded, `0x${change.key.slice(66)}`),
      stored(change.old_decoded, change.old), stored(change.new_decoded, change.new)]));
}

/** What a transaction did, told by the node that executed it again. */
export async function explained(chain, hash) {
  const traced = await chain.client.call('audit_trace', { hash });
  return [
    card('Where its gas went', flameGraph(traced.flame)),
    card('What ran', traced.calls.length ? traced.calls.map((call) => callTree(call)) : el('p', { class: 'quiet' }, 'No code ran.')),
  ];
}
