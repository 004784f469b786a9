// Picks a view by the address and keeps search, theme and keys.
import { connect } from '/node.js';
import { el, problem } from '/dom.js';
import { home } from '/view/home.js';
import { block } from '/view/block.js';
import { transaction } from '/view/transaction.js';
import { account } from '/view/account.js';
import { audit } from '/view/audit.js';
import { health } from '/view/health.js';

const main = document.getElementById('main');
const status = document.getElementById('status');
const query = document.getElementById('query');
let chain;
let leave = () => {};
let visit = 0;

const ROUTES = [
  [/^\/$/, home],
  [/^\/block\/(\d+|0x[0-9a-f]{64})$/, block],
  [/^\/tx\/(0x[0-9a-f]{64})$/, transaction],
  [/^\/at\/(0x[0-9a-f]{64})$/, account],
  [/^\/audit$/, audit],
  [/^\/health$/, health],
];

async function show() {
  const path = location.hash.slice(1) || '/';
  if (path === 'main') return;
  const number = (visit += 1);
  leave();
  leave = () => {};
  const route = ROUTES.map(([pattern, view]) => [path.match(pattern), view]).find(([match]) => match);
  if (!route) {
    main.replaceChildren(problem({ code: 'no_such_page', message: `There is no page ${path}.`, hint: 'Search, or go back to the blocks.' }));
    return;
  }
  const [match, view] = route;
  try {
    const shown = await view(chain, ...match.slice(1));
    if (number !== visit) {
      shown.leave?.();
      return;
    }
    leave = shown.leave ?? leave;
    document.title = `${shown.title} — Counterpart explorer`;
    main.replaceChildren(el('h1', {}, shown.title), ...shown.body);
  } catch (error) {
    if (number === visit) main.replaceChildren(problem(error));
  }
}

document.getElementById('search').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const path = await chain.search(query.value);
    if (path) location.hash = path;
    else main.replaceChildren(problem({ code: 'not_found', message: `Nothing reads as “${query.value}”.`, hint: 'Give a height, or 64 hex digits of a hash or address.' }));
  } catch (error) {
    main.replaceChildren(problem(error));
  }
});

document.getElementById('theme').addEventListener('click', () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark'
    || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', document.documentElement.dataset.theme);
});

document.addEventListener('keydown', async (event) => {
  if (event.target.closest('input, textarea, select') || event.ctrlKey || event.metaKey || event.altKey) return;
  const height = location.hash.match(/^#\/block\/(\d+)$/)?.[1];
  if (event.key === '/') {
    event.preventDefault();
    query.focus();
  } else if (event.key === 'g') {
    location.hash = `/block/${(await chain.head()).height}`;
  } else if (event.key === 'ArrowLeft' && height > 1) {
    location.hash = `/block/${height - 1}`;
  } else if (event.key === 'ArrowRight' && height) {
    location.hash = `/block/${Number(height) + 1}`;
  }
});

const theme = localStorage.getItem('theme');
if (theme) document.documentElement.dataset.theme = theme;
try {
  chain = await connect();
  const { size, quorum } = chain.client.validators;
  status.textContent = `chain ${chain.client.chain}, ${size} replicas, quorum ${quorum}`;
  window.addEventListener('hashchange', show);
  await show();
} catch (error) {
  main.replaceChildren(problem(error));
}
