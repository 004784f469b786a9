// A contract: its methods as forms, its events and types.
import { blockLink, card, counted, el, mono, pretty, problem, saveButton, table } from '/dom.js';
import * as core from '/core.js';
import { unhex } from '/client.js';
import { methodForm } from '/forms.js';
import { entryName, stored } from '/view/explain.js';

export function contractCards(chain, contract) {
  const { methods, events, types } = contract.interface;
  const of = (kind) => methods.filter((method) => method.kind === kind);
  const forms = (title, list, empty) =>
    card(title, list.length ? list.map((method) => methodForm(chain, contract, method)) : el('p', { class: 'quiet' }, empty));
  const described = events.map((event) => [event.name, mono(event.fields.map(({ name, type }, index) => `${event.indexed[index] ? '★ ' : ''}${name}: ${type}`).join(', '))]);
  const type = (item) => [item.name, mono((item.variants ?? item.fields).map((part) => (part.fields?.length ? `${part.name} { ${part.fields.map(({ name, type }) => `${name ?? ''}: ${type}`).join(', ')} }` : part.type ? `${part.name}: ${part.type}` : part.name)).join(', '))];
  return [
    el('div', { class: 'grid' },
      forms('Read', of('query'), 'It has no queries.'),
      forms('Write', of('call'), 'It has no calls.')),
    storageCard(chain, contract),
    card('Events', described.length ? table('Events', ['event', 'fields (★ is a topic)'], described) : el('p', { class: 'quiet' }, 'none')),
    card('Types', table('Types', ['type', 'fields or variants'], types.map(type)),
      el('div', { class: 'row' }, saveButton('Interface as JSON', `${contract.interface.name}.abi.json`, () => pretty(contract.interface)))),
  ];
}

/** Entries of the contract, decoded, page by page. */
function storageCard(chain, contract) {
  const layout = (contract.interface.storage ?? []).map(({ name, kind, key, value }) => [name, kind, mono([key, value].filter(Boolean).join(' → '))]);
  const rows = el('tbody', {});
  const words = el('p', { class: 'quiet', 'aria-live': 'polite' });
  const more = el('button', { type: 'button', class: 'entries' }, 'Show entries');
  let [start, height, shown] = [undefined, undefined, 0];
  more.addEventListener('click', async () => {
    try {
      const page = await chain.client.call('state_range', { contract: contract.address, limit: 50, start, height });
      ({ height, next: start } = page);
      page.entries.forEach(({ key, value, decoded }) => rows.append(el('tr', {}, el('td', {}, entryName(decoded, key)), el('td', {}, stored(decoded, value)))));
      shown += page.entries.length;
      words.replaceChildren(`${counted(shown, 'entry').replace(/entrys$/, 'entries')} as of block `, blockLink(height));
      more.textContent = 'Show more';
      more.hidden = !start;
    } catch (error) {
      words.replaceChildren(problem(error));
    }
  });
  const entries = el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Entries' },
    el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'entry'), el('th', { scope: 'col' }, 'value'))), rows));
  return card('Storage',
    layout.length ? table('Fields', ['field', 'kind', 'type'], layout) : el('p', { class: 'quiet' }, 'The interface describes none.'),
    el('div', { class: 'row' }, more), words, entries);
}

/** The code: what it hashes to here, and whether a file is the same. */
export function codeCard(chain, address, { code_hash: expected, deployed_at: height }) {
  const words = el('p', { 'aria-live': 'polite', id: 'code-verified' });
  const say = (good, text) => {
    words.className = good ? 'good' : 'bad';
    words.textContent = text;
  };
  const fetchCode = async () => unhex((await chain.client.call('contract_code', { contract: address })).code);
  const check = el('button', { type: 'button', id: 'verify-code' }, 'Hash the code here');
  check.addEventListener('click', async () => {
    const code = await fetchCode();
    const found = core.codeHash(code);
    say(found === expected, found === expected ? `${counted(code.length, 'byte')} hash to the code hash.` : `The node's code hashes to ${found}.`);
  });
  const save = el('button', { type: 'button' }, 'Wasm');
  save.addEventListener('click', async () => {
    const code = await fetchCode();
    const url = URL.createObjectURL(new Blob([code], { type: 'application/wasm' }));
    el('a', { href: url, download: `${expected.slice(2, 12)}.wasm` }).click();
    URL.revokeObjectURL(url);
  });
  const file = el('input', { type: 'file', id: 'own-build', accept: '.wasm' });
  file.addEventListener('change', async () => {
    if (!file.files[0]) return;
    const found = core.codeHash(new Uint8Array(await file.files[0].arrayBuffer()));
    say(found === expected, found === expected ? 'Your file is this code.' : `Your file is other code: ${found}.`);
  });
  return card('Code',
    el('p', {}, 'Made in block ', blockLink(height), '. The code at an address never changes: an upgrade is a contract of its own, which the older one names.'),
    el('div', { class: 'row' }, check, save), el('div', { class: 'field' }, el('label', { for: 'own-build' }, 'Compare with a file that you built'), file), words);
}
