// What the tests know of the network: the runner passes it in the environment.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export const url = process.env.COUNTERPART_RPC;
export const top = new URL('../../', import.meta.url);
const built = new URL(`file://${process.env.COUNTERPART_JS}/`);
export const { Client, CounterpartError, replayBundle, unhex } = await import(new URL('client.js', built));
export const replayModule = await import(new URL('node/replay.js', built));
export const core = await import(new URL('node/core.js', built));

/** Accounts of a devnet have keys that everyone knows. */
export const devKey = (name) =>
  core.Key.fromSeed(createHash('sha3-256').update(`counterpart development account: ${name}`).digest());

export const code = async (name) => new Uint8Array(await readFile(new URL(`target/contracts/${name}.wasm`, top)));
export const randomSalt = () => `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')}`;

/** A client, and accounts with native currency. */
export async function funded(...names) {
  const client = await Client.connect(core, url);
  const keys = names.map((name) => devKey(`${name} ${process.pid}`));
  const hash = await client.send(devKey('faucet'), (draft) => keys.forEach((key) => draft.transfer(key.address, '5000000000')));
  await client.wait(hash);
  return { client, keys };
}

/** A security token with units of one holder. */
export async function token(client, issuer, holder, units) {
  const contract = await client.deploy(issuer, await code('security-token'), 'new', { name: 'Web Fund', symbol: 'WEB' }, { salt: randomSalt() });
  await contract.call(issuer, 'issue', { to: holder.address, units });
  return contract;
}
