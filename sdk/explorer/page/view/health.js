// The node: is it in order, who votes.
import { card, el, facts, grouped, mono, pretty, saveButton, table, when } from '/dom.js';

export async function health(chain) {
  const [head, set] = await Promise.all([chain.head(), chain.client.call('chain_validators')]);
  const age = Date.now() - head.time_ms;
  return {
    title: 'Node',
    body: [
      card('State', facts([
        ['state', head.fault ? el('span', { class: 'bad' }, head.fault) : el('span', { class: 'good' }, 'in order')],
        ['newest block', `${grouped(head.height)}, ${when(head.time_ms)}, ${grouped(Math.max(0, Math.round(age / 1000)))} s ago`],
        ['waiting transactions', grouped(head.waiting)], ['least gas price', grouped(head.min_gas_price)],
        ['chain', String(head.chain)], ['genesis', mono(head.genesis)], ['profile', mono(head.profile)], ['state root', mono(head.state_root)]])),
      card(`Epoch ${set.epoch}: ${set.members.length} replicas, quorum ${set.quorum}`,
        table('Replicas', ['index', 'public key'], set.members.map((key, index) => [String(index), mono(key)])),
        el('p', {}, 'Set ', mono(chain.client.validators.hash)),
        el('div', { class: 'row' }, saveButton('JSON', 'validators.json', () => pretty(set))))],
  };
}
