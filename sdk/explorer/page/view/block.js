// One block: header, who certified it, what it holds.
import { addressLink, card, counted, csv, el, facts, hashLink, link, mono, pretty, problem, saveButton, table, when } from '/dom.js';
import { strengthCurve, voters } from '/draw.js';
import { callTree, flameGraph, stateDiff } from '/view/explain.js';

export async function block(chain, at) {
  const found = await chain.block(/^\d+$/.test(at) ? Number(at) : at);
  const { block: header } = found;
  const described = await Promise.all(header.transactions.map(async (tx) => {
    const actions = await Promise.all(tx.actions.map((action) => chain.describe(action)));
    const answer = await chain.client.call('tx_receipt', { hash: tx.hash });
    return { ...tx, actions, receipt: answer.receipt };
  }));
  const outcome = ({ receipt }) => receipt?.outcome.status ?? 'executed';
  const rows = described.map((tx) => [
    hashLink('tx', tx.hash), addressLink(tx.sender), tx.actions.map((action) => action.text).slice(0, 3).join(', ') + (tx.actions.length > 3 ? ` and ${tx.actions.length - 3} more` : ''),
    el('span', { class: outcome(tx) === 'success' ? 'good' : 'bad' }, outcome(tx)), String(tx.receipt?.gas_used ?? '')]);
  const changed = await chain.client.call('state_changes', { height: header.height });
  const sheet = () => csv([['hash', 'sender', 'actions', 'outcome', 'gas'],
    ...described.map((tx) => [tx.hash, tx.sender, tx.actions.map((action) => action.text).join(' '), outcome(tx), tx.receipt?.gas_used ?? ''])]);
  const head = await chain.head();
  const badge = found.verified
    ? el('span', { class: 'badge good' }, 'verified in this browser')
    : el('span', { class: 'badge bad' }, `not verified: ${found.fault}`);
  return {
    title: `Block ${header.height}`,
    body: [
      el('div', { class: 'row' }, header.height > 1 && link(`/block/${header.height - 1}`, '← earlier'), badge,
        header.height < head.height && link(`/block/${header.height + 1}`, 'later →')),
      el('p', {}),
      el('div', { class: 'grid' },
        card('Header', facts([
          ['hash', mono(header.hash)], ['parent', hashLink('block', header.parent)], ['time', when(header.time_ms)],
          ['view', String(header.view)], ['leader', `replica ${header.proposer}`],
          ['state root', mono(found.state_root ?? '—')], ['receipts root', mono(found.receipts_root ?? '—')],
          ['events root', mono(found.events_root ?? '—')],
          ['profile', mono(header.profile)]])),
        card('Certificate', voters(chain.client, found.votes, found.finals), strengthCurve(chain.client, found.finals.length))),
      card(counted(rows.length, 'transaction'), rows.length ? table('Transactions', ['hash', 'sender', 'actions', 'outcome', 'gas'], rows) : el('p', { class: 'quiet' }, 'none'),
        el('div', { class: 'row' },
          saveButton('CSV', `block-${header.height}.csv`, sheet),
          saveButton('JSON', `block-${header.height}.json`, () => pretty(found.raw)))),
      audit(chain, header, found, described),
      card(counted(changed.count, 'changed entry').replace(/entrys$/, 'entries'), stateDiff(changed.changes.slice(0, 200)),
        changed.count > 200 && el('p', { class: 'quiet' }, 'The first 200 are shown.'))],
  };
}

/** Replays the block in this browser, and shows what came out. */
function audit(chain, header, found, described) {
  const result = el('div', { 'aria-live': 'polite' });
  const button = el('button', { type: 'button', id: 'replay' }, 'Replay this in my browser');
  button.addEventListener('click', async () => {
    button.disabled = true;
    result.replaceChildren(el('p', { class: 'quiet' }, 'Loading the engine and the bundle…'));
    try {
      const replayed = await chain.replay(header.height);
      const told = new Map(described.map((tx) => [tx.hash, tx.receipt?.gas_used]));
      const equal = replayed.transactions.every((tx) => told.get(tx.hash) === tx.gas_used) && replayed.state_root === found.state_root;
      result.replaceChildren(
        el('p', { class: equal ? 'good' : 'bad', id: 'replayed' }, equal
          ? `Equal: ${counted(replayed.transactions.length, 'transaction')} on ${replayed.engine} in ${Math.round(replayed.ms)} ms, with the same gas, receipts and state root.`
          : 'NOT EQUAL to what the node tells.'),
        facts([['state root', mono(replayed.state_root)], ['receipts root', mono(replayed.receipts_root)],
          ['bundle', `${counted(replayed.bytes, 'byte')}, ${replayed.entries} entries of the state with proofs`],
          ['results certified by', replayed.signers.map((index) => `replica ${index}`).join(', ')]]),
        ...replayed.transactions.map((tx) => el('details', {}, el('summary', {}, `${tx.hash.slice(0, 12)}…: ${tx.gas_used} gas`), flameGraph(tx.flame), tx.calls.map((call) => callTree(call)))),
        el('div', { class: 'row' }, saveButton('Bundle', `block-${header.height}.bundle`, () => replayed.bundle)));
    } catch (error) {
      result.replaceChildren(problem(error));
    } finally {
      button.disabled = false;
    }
  });
  return card('Audit', el('p', {}, 'Fetches the block with the proofs of everything it reads, checks them, and executes it on wasmi here: nothing but the hash of the genesis document is believed.'),
    el('div', { class: 'row' }, button), result);
}

