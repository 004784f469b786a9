// Deploys a security token, issues units, trades them, and shows what each certificate is worth.
//
//   counterpart devnet &
//   cargo xtask js && cargo xtask contracts
//   node sdk/js/examples/trade.mjs [URL]
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const top = new URL('../../../', import.meta.url);
const { Client } = await import(new URL('target/js/client.js', top));
const core = await import(new URL('target/js/node/core.js', top));

/** Accounts of a devnet have keys that everyone knows. */
const devKey = (name) =>
  core.Key.fromSeed(createHash('sha3-256').update(`counterpart development account: ${name}`).digest());

const client = await Client.connect(core, process.argv[2] ?? 'http://127.0.0.1:7545');
const [faucet, issuer, buyer] = ['faucet', 'trade issuer', 'trade buyer'].map(devKey);
console.log(`chain ${client.chain}, ${client.validators.size} replicas, quorum ${client.validators.quorum}`);

await client.wait(
  await client.send(faucet, (draft) => {
    draft.transfer(issuer.address, '1000000000');
    draft.transfer(buyer.address, '1000000000');
  }),
);

const contracts = new URL('target/contracts/', top);
const code = new Uint8Array(await readFile(new URL('security-token.wasm', contracts)));
const salt = `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')}`;
const token = await client.deploy(issuer, code, 'new', { name: 'Harbour Fund', symbol: 'HRB' }, { salt });
console.log(`token at ${token.address}`);

await token.call(issuer, 'issue', { to: issuer.address, units: 1000n });
const traded = await token.call(issuer, 'transfer', { from: issuer.address, to: buyer.address, units: 250n }, { rule: 'quorum:1' });
console.log('events', traded.events);
console.log('strength', client.strength(traded.finals.length));
console.log('buyer has', await token.query('balance_of', { holder: buyer.address }));

try {
  await token.call(buyer, 'transfer', { from: buyer.address, to: issuer.address, units: 251n });
} catch (error) {
  console.log(`refused: ${error.message}`);
}
