// The client: asks a node, signs, sends, waits under the caller's rule, and verifies what it is told.
//
// `core` is the Wasm module's namespace (`node/core.js`, or `web/core.js` after its `default()` was awaited), so that
// this file is the same everywhere and loads nothing by itself.

/** An error with a stable code and what one can do. */
export class CounterpartError extends Error {
  constructor(code, message, hint, details) {
    super(message);
    this.name = 'CounterpartError';
    this.code = code;
    this.hint = hint ?? undefined;
    this.details = details;
  }
}

/** Calls into the core, whose errors are JSON text. */
function run(work) {
  try {
    return work();
  } catch (error) {
    if (typeof error !== 'string') throw error;
    const { code, message, hint } = JSON.parse(error);
    throw new CounterpartError(code, message, hint);
  }
}

/** JSON in which `{"$int": "1"}` stands for a bigint. */
export function parse(text) {
  return JSON.parse(text, (_, value) =>
    value !== null && typeof value === 'object' && typeof value.$int === 'string' ? BigInt(value.$int) : value,
  );
}

/** JSON in which a bigint is a decimal string and bytes are hex. */
export function stringify(value) {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Uint8Array) return hex(item);
    return item;
  });
}

/** `0x` hex of bytes. */
export function hex(bytes) {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Bytes of hex. */
export function unhex(text) {
  const digits = text.replace(/^0x/, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

/** Verifies and executes a bundle with the package's replay module; throws when anything in it does not hold. */
export function replayBundle(replay, bytes, genesis) {
  return run(() => JSON.parse(replay.replayBundle(bytes, genesis)));
}

/** The interface inside a contract's Wasm, as `contract_abi` would answer it; undefined where there is none. */
export async function interfaceOf(code) {
  const [section] = WebAssembly.Module.customSections(await WebAssembly.compile(code), 'counterpart.abi');
  return section && hex(new Uint8Array(section));
}

const SIMULATION_GAS = 1_000_000_000n;
/** Blocks for which a transaction can be included. */
const VALIDITY = 1_000n;
/** Gas that a consent costs beyond what the simulation has seen. */
const CONSENT_GAS = 400_000n;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Client {
  #core;
  #url;
  #id = 0;

  /** Connects, and takes chain and validator set from the node; pass `validators` (their hash) to demand a known set. */
  static async connect(core, url, { validators } = {}) {
    const client = new Client(core, url);
    const [head, set] = await Promise.all([client.call('chain_head'), client.call('chain_validators')]);
    client.chain = BigInt(head.chain);
    client.validators = run(() => new core.Validators(set.raw, client.chain));
    if (validators !== undefined && validators !== client.validators.hash) {
      throw new CounterpartError('wrong_validators', `the node names the validator set ${client.validators.hash}`, 'is this the right network?');
    }
    return client;
  }

  constructor(core, url) {
    this.#core = core;
    this.#url = url;
  }

  /** A new key from the platform's randomness. */
  newKey() {
    return run(() => this.#core.Key.fromSeed(globalThis.crypto.getRandomValues(new Uint8Array(32))));
  }

  /** Calls a method of the node. */
  async call(method, params = {}) {
    let response;
    try {
      response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: stringify({ jsonrpc: '2.0', id: ++this.#id, method, params }),
      });
    } catch (cause) {
      throw new CounterpartError('unreachable', `${this.#url}: ${cause.message}`, 'is the node running?');
    }
    if (!response.ok) throw new CounterpartError('unreachable', `${this.#url}: status ${response.status}`);
    const answer = await response.json();
    if (answer.error) {
      const { message, data } = answer.error;
      throw new CounterpartError(data?.name ?? String(answer.error.code), message, data?.hint);
    }
    return answer.result;
  }

  /** A client of one contract, made from the interface that the chain has. */
  async contract(address) {
    const { section } = await this.call('contract_abi', { contract: address });
    return this.contractWith(address, section);
  }

  /** The same with an interface that is at hand. */
  contractWith(address, section) {
    return new Contract(this, address, run(() => this.#core.Interface.fromSection(section)));
  }

  /** A draft with the sender's next nonce. `add` puts actions into it. */
  async draft(key, add) {
    const [head, account] = await Promise.all([
      this.call('chain_head'),
      this.call('account_get', { address: key.address }),
    ]);
    const expires = BigInt(head.height) + VALIDITY;
    return run(() => {
      const draft = new this.#core.TransactionDraft(
        this.chain, key.publicKey, BigInt(account.nonce), BigInt(head.min_gas_price), expires,
      );
      add(draft);
      // Nobody can simulate with more gas than the account could pay for.
      const affordable = BigInt(account.balance) / BigInt(Math.max(head.min_gas_price, 1));
      draft.setGasLimit(affordable < SIMULATION_GAS ? affordable : SIMULATION_GAS);
      return draft;
    });
  }

  /** Runs a draft without keeping anything: what would become of it, and who has to consent. */
  async simulate(draft) {
    return this.call('tx_simulate', { transaction: draft.unsigned() });
  }

  /** Simulates, collects consents from `key` and `signers`, signs and sends; throws when it would fail. */
  async send(key, add, { signers = [] } = {}) {
    const draft = await this.draft(key, add);
    const simulated = await this.simulate(draft);
    const { outcome } = simulated.receipt;
    if (outcome.status !== 'success') throw outcomeError(outcome);
    const keys = [key, ...signers];
    for (const request of simulated.requests) {
      const holder = keys.find((other) => other.address === request.address);
      if (!holder) {
        throw new CounterpartError('consent_needed', `${request.address} has to consent`, 'pass its key in `signers`');
      }
      const number = new DataView(globalThis.crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0);
      run(() => draft.consent(holder, request.contract, request.input_hash, number));
    }
    const used = BigInt(simulated.receipt.gas_used) + CONSENT_GAS * BigInt(simulated.requests.length);
    const limit = used + used / 5n + 50_000n;
    draft.setGasLimit(limit < SIMULATION_GAS ? limit : SIMULATION_GAS);
    const { hash } = await this.call('tx_send', { transaction: run(() => draft.sign(key)) });
    return hash;
  }

  /** Waits until a transaction is final under a rule such as `quorum:0.8` or `synchronous:0.67,500ms`. */
  async wait(hash, rule = 'quorum:0.8', { timeoutMs = 30_000 } = {}) {
    const decision = run(() => new this.#core.Rule(rule));
    const start = Date.now();
    let quorumSeen;
    for (;;) {
      const confirmed = await this.confirmed(hash);
      if (confirmed) {
        quorumSeen ??= Date.now();
        const waited = BigInt(Date.now() - quorumSeen);
        if (decision.decide(this.validators, confirmed.finals.length, waited, false) === 'final') return confirmed;
      }
      if (Date.now() - start > timeoutMs) {
        throw new CounterpartError('timeout', `transaction ${hash} is not final under ${rule}`, 'wait longer, or choose a weaker rule');
      }
      await sleep(20);
    }
  }

  /** A transaction with its certificates, every signature of them verified; undefined while it waits. */
  async confirmed(hash) {
    const answer = await this.call('tx_receipt', { hash });
    if (answer.status !== 'certified') return undefined;
    const [votes, finals] = run(() => [
      JSON.parse(this.validators.verifyCertificate(answer.certificate.raw, 'vote')),
      JSON.parse(this.validators.verifyCertificate(answer.approval.raw, 'final')),
    ]);
    if (votes.block !== finals.block || answer.receipt.transaction !== hash) {
      throw new CounterpartError('bad_certificate', 'the certificates are for other blocks', 'do not trust this node');
    }
    return { hash, height: answer.height, index: answer.index, block: votes.block, votes: votes.signers, finals: finals.signers, receipt: answer.receipt };
  }

  /** The receipt of a transaction, proved by the votes for the next block and nothing else; answers its canonical hex. */
  async provedReceipt(hash) {
    const proved = await this.call('tx_proof', { hash });
    run(() => {
      const { block } = JSON.parse(this.validators.verifyCertificate(proved.certificate, 'vote'));
      this.#core.verifyReceipt(proved.next_block, block, proved.receipt, proved.proof);
    });
    return { height: proved.height, receipt: proved.receipt, events: proved.events };
  }

  /** An event, proved by the votes for the next block and nothing else. Where it stands, `events_list` tells. */
  async provedEvent(height, transaction, index) {
    const proved = await this.call('events_proof', { height, transaction, index });
    const event = run(() => {
      const { block } = JSON.parse(this.validators.verifyCertificate(proved.certificate, 'vote'));
      return JSON.parse(this.#core.verifyEvent(proved.next_block, block, proved.event, proved.proof));
    });
    if (event.transaction !== transaction || event.index !== index) {
      throw new CounterpartError('bad_proof', 'the node proved another event', 'do not trust this node');
    }
    return event;
  }

  /** Executes a block again here: `replay` is the package's replay module. Trusts the genesis hash and nothing else. */
  async replay(replay, height, genesis) {
    const [{ bundle }, { hash }] = await Promise.all([this.call('audit_bundle', { height }), this.call('chain_genesis')]);
    return replayBundle(replay, unhex(bundle), genesis ?? hash);
  }

  /**
   * Follows `chain`, `events` or `tx` over a WebSocket: `hear` gets each entry. Begins again by itself where it was cut
   * off. Answers a function that ends it. Hosts without WebSocket pass one.
   */
  subscribe(subject, params, hear, { WebSocket = globalThis.WebSocket, onError = () => {} } = {}) {
    if (!WebSocket) throw new CounterpartError('no_websocket', 'this host has no WebSocket', 'pass one, or ask events_list');
    let socket;
    let ended = false;
    let next = params.from;
    const connect = () => {
      socket = new WebSocket(this.#url.replace(/^http/, 'ws'));
      socket.onopen = () => {
        const from = next === undefined ? {} : { from: next };
        socket.send(stringify({ jsonrpc: '2.0', id: ++this.#id, method: `${subject}_subscribe`, params: { ...params, ...from } }));
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.error) {
          ended = true;
          socket.close();
          onError(new CounterpartError(message.error.data?.name ?? 'refused', message.error.message, message.error.data?.hint));
        } else if (message.params) {
          const entry = message.params.result;
          // A block's events come together: after a cut its height is heard again rather than lost.
          if (subject === 'chain') next = entry.height + 1;
          else if (subject === 'events') next = entry.height;
          hear(entry);
        }
      };
      socket.onclose = () => !ended && subject !== 'tx' && setTimeout(connect, 500);
    };
    connect();
    return () => {
      ended = true;
      socket.close();
    };
  }

  /** Reads a value of the state and verifies it against `root`, or against the root that the answer names. */
  async provedState(contract, key, root) {
    const proved = await this.call('state_proof', { contract, key });
    const full = `${contract}${key.replace(/^0x/, '')}`;
    run(() => this.#core.verifyState(root ?? proved.state_root, full, proved.value ?? undefined, proved.proof));
    return { height: proved.height, root: proved.state_root, value: proved.value };
  }

  /** What certifications are worth: faults tolerated under each assumption. */
  strength(finals) {
    const text = this.validators.strength(finals);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Uploads code in one transaction and runs its constructor; answers the contract. */
  async deploy(key, code, constructor, args = {}, { salt = `0x${'00'.repeat(32)}`, rule } = {}) {
    const section = await interfaceOf(code);
    if (!section) throw new CounterpartError('no_interface', 'the code carries no interface', 'build it with counterpart build');
    const abi = run(() => this.#core.Interface.fromSection(section));
    const input = run(() => abi.encodeCall(constructor, stringify(args)));
    let address;
    const hash = await this.send(key, (draft) => {
      draft.upload(code);
      address = draft.deploy(this.#core.codeHash(code), salt, input, '0');
    });
    const confirmed = await this.wait(hash, rule);
    if (confirmed.receipt.outcome.status !== 'success') throw outcomeError(confirmed.receipt.outcome);
    return new Contract(this, address, abi);
  }
}

/** A contract's methods, by name. */
export class Contract {
  #client;
  #abi;

  constructor(client, address, abi) {
    this.#client = client;
    this.#abi = abi;
    this.address = address;
    /** Methods, events and types. */
    this.interface = JSON.parse(abi.describe());
  }

  /** Asks; costs nothing and changes nothing. */
  async query(method, args = {}, { caller, height } = {}) {
    const input = this.encodeCall(method, args);
    const answer = await this.#client.call('contract_query', { contract: this.address, input, caller, height });
    if (answer.outcome.status !== 'success') throw outcomeError(answer.outcome);
    return run(() => parse(this.#abi.decodeOutput(method, answer.output)));
  }

  /** Calls: simulates, signs, sends and waits under a rule; answers output, events and certificates. */
  async call(key, method, args = {}, { value = 0n, signers, rule } = {}) {
    const input = this.encodeCall(method, args);
    const add = (draft) => draft.call(this.address, input, value.toString());
    const hash = await this.#client.send(key, add, { signers });
    const confirmed = await this.#client.wait(hash, rule);
    const { outcome, outputs, events } = confirmed.receipt;
    if (outcome.status !== 'success') throw outcomeError(outcome);
    const output = run(() => parse(this.#abi.decodeOutput(method, outputs.at(-1))));
    return { ...confirmed, output, events: events.map((event) => this.event(event) ?? event) };
  }

  /** Call data of a method, as hex. */
  encodeCall(method, args = {}) {
    return run(() => this.#abi.encodeCall(method, stringify(args)));
  }

  /** Method and arguments in call data; undefined for data of no method. */
  decodeCall(input) {
    try {
      return parse(this.#abi.decodeCall(input));
    } catch {
      return undefined;
    }
  }

  /** An event of this contract, decoded; undefined for events of others. */
  event(event) {
    if (event.contract !== this.address || event.topics.length === 0) return undefined;
    const text = run(() => this.#abi.decodeEvent(event.topics[0], event.data));
    return text === undefined ? undefined : parse(text);
  }
}

/** How a transaction ended, as an error; a contract's own error is in `details`. */
function outcomeError(outcome) {
  const { error } = outcome;
  const name = typeof error === 'string' ? error : error && Object.keys(error)[0];
  const message = name ? `${outcome.status}: ${typeof error === 'string' ? error : JSON.stringify(error)}` : outcome.status;
  return new CounterpartError(name ?? outcome.status, message, undefined, outcome);
}
