// The package in Node: keys, contracts, consents, rules, verification, errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, CounterpartError, code, core, devKey, funded, randomSalt, replayBundle, replayModule, token, unhex, url } from './network.mjs';

const refusal = async (work) => {
  const error = await work.then(() => assert.fail('it has to be refused'), (caught) => caught);
  assert.ok(error instanceof CounterpartError, error);
  return error;
};

test('a contract is deployed, called and asked, with bigints and decoded events', async () => {
  const { client, keys: [issuer, buyer] } = await funded('issuer', 'buyer');
  const units = 2n ** 100n + 7n;
  const contract = await token(client, issuer, issuer, units);
  const sent = await contract.call(issuer, 'transfer', { from: issuer.address, to: buyer.address, units: units - 1n }, { rule: 'quorum:1' });
  assert.equal(sent.finals.length, client.validators.size);
  assert.deepEqual(sent.events, [{ name: 'Transferred', fields: { from: issuer.address, to: buyer.address, units: units - 1n } }]);
  assert.equal(await contract.query('balance_of', { holder: buyer.address }), units - 1n);
  assert.equal(await contract.query('balance_of', { holder: issuer.address }), 1n);
});

test('somebody else consents with a signature of their own, and without it nothing is sent', async () => {
  const { client, keys: [issuer, holder, sender] } = await funded('issuer', 'holder', 'sender');
  const contract = await token(client, issuer, holder, 10n);
  const args = { from: holder.address, to: sender.address, units: 4n };
  assert.equal((await refusal(contract.call(sender, 'transfer', args))).code, 'consent_needed');
  await contract.call(sender, 'transfer', args, { signers: [holder] });
  assert.equal(await contract.query('balance_of', { holder: sender.address }), 4n);
});

test('refusals carry code, message and hint', async () => {
  const { client, keys: [issuer, poor] } = await funded('issuer', 'poor');
  const contract = await token(client, issuer, issuer, 3n);
  const refused = await refusal(contract.call(issuer, 'transfer', { from: issuer.address, to: poor.address, units: 4n }));
  assert.equal(refused.code, 'TransferRefused');
  assert.match(refused.message, /InsufficientBalance/);
  assert.equal((await refusal(contract.query('no_such', {}))).code, 'unknown_method');
  const mismatch = await refusal(contract.query('balance_of', { holder: '0x01' }));
  assert.equal(mismatch.code, 'bad_value');
  assert.match(mismatch.message, /holder/);
  assert.equal((await refusal(client.contract(`0x${'09'.repeat(32)}`))).code, 'no_contract');
  assert.equal((await refusal(Client.connect(core, 'http://127.0.0.1:1/'))).code, 'unreachable');
  assert.equal((await refusal(Client.connect(core, url, { validators: `0x${'00'.repeat(32)}` }))).code, 'wrong_validators');
  assert.equal((await refusal(client.wait(`0x${'05'.repeat(32)}`))).code, 'unknown_transaction');
  assert.throws(() => new core.Rule('quorum:2'), (text) => JSON.parse(text).code === 'bad_rule');
});

test('every rule waits for what it says', async () => {
  const { client, keys: [giver] } = await funded('giver');
  const gift = () => client.send(giver, (draft) => draft.transfer(devKey('nobody').address, '1'));
  for (const rule of ['quorum:0.67', 'quorum:1']) {
    const confirmed = await client.wait(await gift(), rule);
    assert.ok(confirmed.finals.length >= new core.Rule(rule).needed(client.validators));
  }
  const start = Date.now();
  await client.wait(await gift(), 'synchronous:0.67,200ms');
  assert.ok(Date.now() - start >= 400, 'two of the longest delays pass');
});

test('certificates, blocks and state are verified, and a changed byte is refused', async () => {
  const { client, keys: [issuer] } = await funded('issuer');
  const contract = await token(client, issuer, issuer, 1n);
  const head = await client.call('chain_head');
  const { block, certificate } = await client.call('chain_block', { height: head.height });
  const decoded = JSON.parse(core.decodeBlock(block.raw));
  assert.equal(decoded.hash, JSON.parse(client.validators.verifyCertificate(certificate.raw, 'vote')).block);
  const flipped = (raw, at) => raw.slice(0, at) + (raw[at] === '0' ? '1' : '0') + raw.slice(at + 1);
  for (let at = 2; at < certificate.raw.length; at += 37) {
    assert.throws(() => client.validators.verifyCertificate(flipped(certificate.raw, at), 'vote'), `digit ${at}`);
  }
  assert.throws(() => client.validators.verifyCertificate(certificate.raw, 'final'));
  const changed = JSON.parse(core.decodeBlock(flipped(block.raw, 40)));
  assert.notEqual(changed.hash, decoded.hash);

  const absent = await client.provedState(contract.address, '0x0102');
  assert.equal(absent.value, null);
  const proof = await client.call('state_proof', { contract: contract.address, key: '0x0102' });
  const key = `${contract.address}0102`;
  core.verifyState(proof.state_root, key, undefined, proof.proof);
  assert.throws(() => core.verifyState(proof.state_root, key, '0x00', proof.proof), 'a value that is not there');
  assert.throws(() => core.verifyState(head.receipts_root, key, undefined, proof.proof), 'another root');
});

test('signatures follow the rule of the chain', () => {
  const key = devKey('signer');
  const message = new TextEncoder().encode('a message');
  const signature = key.sign(message);
  assert.ok(core.verifySignature(key.publicKey, message, signature));
  assert.ok(!core.verifySignature(key.publicKey, message.slice(1), signature));
  assert.ok(!core.verifySignature(devKey('other').publicKey, message, signature));
  assert.throws(() => core.Key.fromSeed(new Uint8Array(31)), (text) => JSON.parse(text).code === 'bad_seed');
});

test('the code that is deployed is the code that was given', async () => {
  const { client, keys: [issuer] } = await funded('issuer');
  const wasm = await code('sale-desk');
  const desk = await client.deploy(issuer, wasm, 'new', {}, { salt: randomSalt() });
  const { code_hash } = await client.call('account_get', { address: desk.address });
  assert.equal(code_hash, core.codeHash(wasm));
});

test('a receipt is proved by the next block’s votes, and an altered one is refused', async () => {
  const { client, keys: [issuer] } = await funded('prover');
  const contract = await token(client, issuer, issuer, 5n);
  const made = await contract.call(issuer, 'issue', { to: issuer.address, units: 2n });
  await waitForNext(client, made.height);
  const proved = await client.provedReceipt(made.hash);
  assert.equal(proved.receipt, made.receipt.raw);
  assert.equal(proved.height, made.height);
  const answer = await client.call('tx_proof', { hash: made.hash });
  const { block } = JSON.parse(client.validators.verifyCertificate(answer.certificate, 'vote'));
  const altered = answer.receipt.slice(0, 70) + (answer.receipt[70] === '0' ? '1' : '0') + answer.receipt.slice(71);
  assert.throws(() => core.verifyReceipt(answer.next_block, block, altered, answer.proof));
});

test('an event is proved by the next block’s votes, and the event beside it is refused', async () => {
  const { client, keys: [issuer] } = await funded('reporter');
  const contract = await token(client, issuer, issuer, 5n);
  const made = await contract.call(issuer, 'issue', { to: issuer.address, units: 2n });
  await waitForNext(client, made.height);
  const event = await client.provedEvent(made.height, made.index, 0);
  assert.equal(event.contract, contract.address);
  assert.deepEqual(event.topics, made.receipt.events[0].topics);
  assert.equal(event.data, made.receipt.events[0].data);
  const answer = await client.call('events_proof', { height: made.height, transaction: made.index, index: 0 });
  const { block } = JSON.parse(client.validators.verifyCertificate(answer.certificate, 'vote'));
  const altered = answer.event.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  assert.throws(() => core.verifyEvent(answer.next_block, block, altered, answer.proof));
  await assert.rejects(client.provedEvent(made.height, made.index, 9), { code: 'unknown_event' });
});

test('a block executes again in Node with equal gas and root, and an altered bundle is refused', async () => {
  const { client, keys: [issuer] } = await funded('replayer');
  const contract = await token(client, issuer, issuer, 5n);
  const made = await contract.call(issuer, 'issue', { to: issuer.address, units: 2n });
  await waitForNext(client, made.height);
  const replayed = await client.replay(replayModule, made.height);
  const block = await client.call('chain_block', { height: made.height });
  assert.equal(replayed.state_root, block.state_root);
  assert.equal(replayed.receipts_root, block.receipts_root);
  const again = replayed.transactions.find(({ hash }) => hash === made.hash);
  assert.equal(again.gas_used, made.receipt.gas_used);
  assert.equal(again.receipt, made.receipt.raw);
  assert.equal(again.calls[0].method, 'issue');
  const sum = (part) => (part.parts.length ? part.parts.reduce((all, inner) => all + sum(inner), 0) : part.gas);
  assert.equal(sum(again.flame), again.gas_used, 'the parts sum to the gas');

  const [{ bundle }, { hash: genesis }] = [await client.call('audit_bundle', { height: made.height }), await client.call('chain_genesis')];
  const bytes = unhex(bundle);
  for (let at = 1; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
    const altered = bytes.slice();
    altered[at] ^= 4;
    assert.throws(() => replayBundle(replayModule, altered, genesis), CounterpartError, `byte ${at}`);
  }
  assert.throws(() => replayBundle(replayModule, bytes, `0x${'11'.repeat(32)}`), (error) => error.code === 'other_chain');
});

test('pages of events join, and every method that the document names answers', async () => {
  const { client, keys: [issuer] } = await funded('pager');
  const contract = await token(client, issuer, issuer, 5n);
  for (let units = 1n; units <= 3n; units += 1n) await contract.call(issuer, 'issue', { to: issuer.address, units });
  const whole = await client.call('events_list', { contract: contract.address });
  const first = await client.call('events_list', { contract: contract.address, limit: 2 });
  const rest = await client.call('events_list', { contract: contract.address, cursor: first.next });
  assert.deepEqual([...first.events, ...rest.events], whole.events);
  const document = await client.call('rpc.discover');
  assert.equal(document.openrpc.split('.')[0], '1');
  const names = document.methods.map(({ name }) => name);
  assert.ok(names.includes('audit_bundle') && names.includes('events_subscribe'));
  for (const method of document.methods.filter(({ params, name }) => !name.endsWith('_subscribe') && params.every(({ required }) => !required))) {
    // The newest block may have no successor yet, without which there is no bundle.
    await client.call(method.name, method.name === 'audit_bundle' ? { height: 1 } : {});
  }
});

/** Waits for the block that certifies the results of a height. */
async function waitForNext(client, height) {
  while ((await client.call('chain_head')).height <= height) await new Promise((resolve) => setTimeout(resolve, 20));
}
