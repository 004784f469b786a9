// One transaction: what was asked, what became of it, how final it is.
import { addressLink, blockLink, card, counted, el, facts, grouped, mono, pretty, saveButton, when } from '/dom.js';
import { strengthCurve, voters } from '/draw.js';
import { explained } from '/view/explain.js';

export async function transaction(chain, hash) {
  const answer = await chain.client.call('tx_receipt', { hash });
  if (answer.status !== 'certified') {
    const again = setInterval(() => window.dispatchEvent(new HashChangeEvent('hashchange')), 1000);
    return { title: 'Transaction', body: [card('Not yet certified', el('p', {}, `It is ${answer.status}. This page looks again by itself.`))], leave: () => clearInterval(again) };
  }
  const found = await chain.block(answer.height);
  const tx = found.block.transactions[answer.index];
  const { receipt } = answer;
  const { outcome } = receipt;
  const actions = await Promise.all(tx.actions.map((action) => chain.describe(action)));
  const good = outcome.status === 'success';
  const inside = outcome.status === 'rejected' ? [] : await explained(chain, hash);
  const action = (item, index) => el('details', { open: actions.length === 1 },
    el('summary', {}, `${index + 1}. ${item.text}`),
    facts([
      item.contract && ['contract', addressLink(item.contract)], item.to && ['to', addressLink(item.to)],
      item.amount && ['amount', grouped(item.amount)], item.value && item.value !== '0' && ['native value', grouped(item.value)],
      item.bytes && ['code', `${grouped(item.bytes)} bytes`], item.code_hash && ['code hash', mono(item.code_hash)]]),
    item.decoded ? el('pre', {}, pretty(item.decoded.arguments)) : item.input && el('pre', {}, item.input),
    receipt.outputs[index] && receipt.outputs[index] !== '0x' && el('p', {}, 'output ', mono(receipt.outputs[index])));
  const event = (item) => el('details', { open: receipt.events.length < 4 },
    el('summary', {}, item.name ?? 'event', ' ', el('span', { class: 'quiet' }, `of ${item.contract.slice(0, 10)}…`)),
    el('p', {}, addressLink(item.contract)),
    el('pre', {}, item.fields ? pretty(item.fields) : item.data));
  return {
    title: 'Transaction',
    body: [
      el('p', { class: 'row' },
        el('span', { class: `badge ${good ? 'good' : 'bad'}` }, outcome.status),
        el('span', { class: `badge ${found.verified ? 'good' : 'bad'}` }, found.verified ? 'block verified in this browser' : `block not verified: ${found.fault}`),
        el('span', { class: `badge ${answer.result_certified ? 'good' : 'warn'}` }, answer.result_certified ? 'result certified by the next block' : 'result not yet certified')),
      el('div', { class: 'grid' },
        card('What was sent', facts([
          ['hash', mono(hash)], ['block', blockLink(answer.height)], ['time', when(found.block.time_ms)], ['sender', addressLink(tx.sender)],
          ['nonce', tx.nonce], ['gas used', `${grouped(receipt.gas_used)} of ${grouped(tx.gas_limit)}`], ['fee', grouped(receipt.fee)],
          ['signature', tx.signature_valid ? 'valid' : 'NOT VALID'], ['evidence', mono(receipt.evidence)],
          tx.authorizations.length > 0 && ['consents', el('span', {}, tx.authorizations.map((item) => [addressLink(item.address), ' ']))]])),
        card('How final it is', voters(chain.client, found.votes, found.finals), strengthCurve(chain.client, found.finals.length))),
      !good && card('Why it failed', el('pre', {}, pretty(outcome.error ?? outcome)), outcome.contract && el('p', {}, 'in ', addressLink(outcome.contract))),
      card(counted(actions.length, 'action'), actions.map(action)),
      card(counted(receipt.events.length, 'event'), receipt.events.length ? receipt.events.map(event) : el('p', { class: 'quiet' }, 'none')),
      ...inside,
      el('div', { class: 'row' }, saveButton('JSON', `transaction-${hash.slice(2, 10)}.json`, () => pretty(answer)))].filter(Boolean),
  };
}
