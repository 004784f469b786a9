// One block: header, who certified it, what it holds.
import { addressLink, card, counted, csv, el, facts, hashLink, link, mono, pretty, saveButton, table, when } from '/dom.js';
import { strengthCurve, voters } from '/draw.js';

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
          ['profile', mono(header.profile)]])),
        card('Certificate', voters(chain.client, found.votes, found.finals), strengthCurve(chain.client, found.finals.length))),
      card(counted(rows.length, 'transaction'), rows.length ? table('Transactions', ['hash', 'sender', 'actions', 'outcome', 'gas'], rows) : el('p', { class: 'quiet' }, 'none'),
        el('div', { class: 'row' },
          saveButton('CSV', `block-${header.height}.csv`, sheet),
          saveButton('JSON', `block-${header.height}.json`, () => pretty(found.raw))))],
  };
}

