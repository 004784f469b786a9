// The node behind the page, with what is asked twice kept.
import { Client, replayBundle, unhex } from '/client.js';
import init, * as core from '/core.js';

/** Loads the verifier and connects to the node that served the page. */
export async function connect() {
  await init();
  const client = await Client.connect(core, `${location.origin}/`);
  return new Chain(client);
}

export class Chain {
  #contracts = new Map();
  #blocks = new Map();

  constructor(client) {
    this.client = client;
  }

  /** Executes a block again in this browser; the engine is loaded when it is first asked for. */
  async replay(height) {
    this.engine ??= import('/replay.js').then(async (module) => {
      await module.default();
      return module;
    });
    const [engine, { bundle }, { hash }] = await Promise.all([
      this.engine, this.client.call('audit_bundle', { height }), this.client.call('chain_genesis')]);
    const bytes = unhex(bundle);
    const start = performance.now();
    const replayed = replayBundle(engine, bytes, hash);
    return { ...replayed, bundle: bytes, ms: performance.now() - start };
  }

  head() {
    return this.client.call('chain_head');
  }

  /** A block, decoded here, with its certificates verified here. */
  async block(at) {
    const key = String(at);
    if (this.#blocks.has(key)) return this.#blocks.get(key);
    const answer = await this.client.call('chain_block', typeof at === 'number' ? { height: at } : { hash: at });
    const block = JSON.parse(core.decodeBlock(answer.block.raw));
    const verified = this.#verify(block, answer);
    const found = { ...answer, block, raw: answer, ...verified };
    if (answer.approval) this.#blocks.set(key, found);
    if (this.#blocks.size > 200) this.#blocks.delete(this.#blocks.keys().next().value);
    return found;
  }

  #verify(block, answer) {
    try {
      const votes = answer.certificate && JSON.parse(this.client.validators.verifyCertificate(answer.certificate.raw, 'vote'));
      const finals = answer.approval && JSON.parse(this.client.validators.verifyCertificate(answer.approval.raw, 'final'));
      const named = [votes, finals].filter(Boolean).every((statement) => statement.block === block.hash);
      const good = Boolean(votes) && named && block.transactions_match;
      return { votes: votes?.signers ?? [], finals: finals?.signers ?? [], verified: good, fault: good ? undefined : 'not certified' };
    } catch (error) {
      const { message } = typeof error === 'string' ? JSON.parse(error) : error;
      return { votes: [], finals: [], verified: false, fault: message };
    }
  }

  /** A contract's client; undefined for accounts and contracts without an interface. */
  async contract(address) {
    if (!this.#contracts.has(address)) {
      const found = this.client.contract(address).catch((error) => {
        if (['no_contract', 'no_interface'].includes(error.code)) return undefined;
        throw error;
      });
      this.#contracts.set(address, found);
    }
    return this.#contracts.get(address);
  }

  /** An action in words, decoded by the contract's interface. */
  async describe(action) {
    if (action.kind !== 'call') return { ...action, text: action.kind };
    const contract = await this.contract(action.contract);
    const decoded = contract?.decodeCall(action.input);
    return decoded
      ? { ...action, text: `${contract.interface.name}.${decoded.method}`, decoded }
      : { ...action, text: `call ${action.input.slice(0, 10)}` };
  }

  /** Where a search leads; undefined where nothing is found. */
  async search(text) {
    const word = text.trim().toLowerCase();
    if (/^\d+$/.test(word)) return `/block/${Number(word)}`;
    const digits = word.replace(/^0x/, '');
    if (!/^[0-9a-f]{64}$/.test(digits)) return undefined;
    const hash = `0x${digits}`;
    const known = async (method, params) => {
      try {
        return await this.client.call(method, params);
      } catch (error) {
        if (error.code === 'unreachable') throw error;
        return undefined;
      }
    };
    if (await known('tx_receipt', { hash })) return `/tx/${hash}`;
    const block = await known('chain_block', { hash });
    if (block) return `/block/${block.block.height}`;
    return `/at/${hash}`;
  }
}

