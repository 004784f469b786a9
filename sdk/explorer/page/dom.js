// Elements without a framework. Text is always text: nothing that a chain says is ever read as markup.

/** An element with attributes and children. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for pictures. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const card = (title, ...children) => el('section', { class: 'card' }, el('h2', {}, title), ...children);

/** Names and values, one under the other. */
export const facts = (entries) =>
  el('dl', {}, entries.filter(Boolean).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value ?? '—')]));

/** A table that scrolls by itself on narrow screens. */
export function table(caption, heads, rows) {
  return el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {}, el('caption', { class: 'hidden' }, caption),
      el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, head)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell) => el('td', {}, cell)))))));
}

export const short = (hash) => (hash.length > 20 ? `${hash.slice(0, 10)}…${hash.slice(-6)}` : hash);
export const mono = (text) => el('span', { class: 'mono' }, text);
export const link = (path, text) => el('a', { href: `#${path}`, class: 'mono' }, text);
export const blockLink = (height) => link(`/block/${height}`, String(height));
export const hashLink = (kind, hash) => el('a', { href: `#/${kind}/${hash}`, class: 'mono', title: hash }, short(hash));
export const addressLink = (address) => hashLink('at', address);
export const when = (ms) => new Date(Number(ms)).toISOString().replace('T', ' ').replace('.000Z', 'Z');
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** `1 block`, `2 blocks`. */
export const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;

/** A value of an interface, with bigints as digits. */
export const pretty = (value) =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item), 2) ?? 'nothing';

/** Saves text or bytes as a file. */
export function saveButton(label, name, make) {
  return el('button', { type: 'button', onclick: () => {
    const url = URL.createObjectURL(new Blob([make()], { type: 'application/octet-stream' }));
    el('a', { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  } }, label);
}

/** Rows as CSV. */
export function csv(rows) {
  const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`;
}

/** What went wrong, with code and hint. */
export const problem = (error) =>
  el('section', { class: 'card', role: 'alert' },
    el('h2', { class: 'bad' }, error.code ?? 'error'),
    el('p', {}, error.message),
    error.hint && el('p', { class: 'quiet' }, error.hint));
