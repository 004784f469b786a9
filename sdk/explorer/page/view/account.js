// An address: an account's balance, or a contract.
import { addressLink, blockLink, card, facts, grouped, mono } from '/dom.js';
import { codeCard, contractCards } from '/view/contract.js';

export async function account(chain, address) {
  const found = await chain.client.call('account_get', { address });
  const contract = found.code_hash ? await chain.contract(address) : undefined;
  const about = card(found.code_hash ? 'Contract' : 'Account', facts([
    ['address', mono(address)], ['native balance', grouped(found.balance)], ['nonce', String(found.nonce)],
    found.code_hash && ['code hash', mono(found.code_hash)], found.creator && ['made by', addressLink(found.creator)],
    found.deployed_at && ['made in block', blockLink(found.deployed_at)]]));
  const title = contract ? contract.interface.name : found.code_hash ? 'Contract' : 'Account';
  return { title, body: [about, ...(contract ? contractCards(chain, contract) : []), found.code_hash && codeCard(chain, address, found)].filter(Boolean) };
}
