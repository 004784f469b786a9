/** The Wasm module's namespace: `counterpart/core`. */
export type Core = typeof import('./web/core.js');
export type { Interface, Key, Rule, TransactionDraft, Validators } from './web/core.js';
import type { Interface, Key, TransactionDraft, Validators } from './web/core.js';

/** `0x` hex. */
export type Hex = string;

/** An error with a stable code and what one can do. */
export class CounterpartError extends Error {
  readonly code: string;
  readonly hint?: string;
  /** How the transaction ended, where it was executed. */
  readonly details?: unknown;
}

/** A transaction whose certificates were verified. */
export interface Confirmed {
  hash: Hex;
  height: number;
  index: number;
  /** The block's hash. */
  block: Hex;
  /** Replicas that voted. */
  votes: number[];
  /** Replicas that certified to clients. */
  finals: number[];
  receipt: Record<string, unknown>;
}

/** The package's replay module, loaded. */
export interface ReplayModule {
  replayBundle(bytes: Uint8Array, genesis: Hex): string;
}

/** What came out of a bundle; every root equals the certified one. */
export interface Replayed {
  engine: string;
  height: number;
  hash: Hex;
  state_root: Hex;
  receipts_root: Hex;
  signers: number[];
  bytes: number;
  entries: number;
  transactions: { hash: Hex; gas_used: number; evidence: Hex; events: number; receipt: Hex; calls: any[]; flame: any; svg: string }[];
  changes: { key: Hex; old: Hex | null; new: Hex | null }[];
}

/** What finals are worth. */
export interface Strength {
  finals: number;
  tolerated: number;
  silent: number;
  toleratedSynchronous: number;
}

export class Client {
  readonly chain: bigint;
  readonly validators: Validators;
  static connect(core: Core, url: string, options?: { validators?: Hex }): Promise<Client>;
  newKey(): Key;
  call(method: string, params?: Record<string, unknown>): Promise<any>;
  contract(address: Hex): Promise<Contract>;
  contractWith(address: Hex, section: Hex): Contract;
  draft(key: Key, add: (draft: TransactionDraft) => void): Promise<TransactionDraft>;
  simulate(draft: TransactionDraft): Promise<any>;
  send(key: Key, add: (draft: TransactionDraft) => void, options?: { signers?: Key[] }): Promise<Hex>;
  wait(hash: Hex, rule?: string, options?: { timeoutMs?: number }): Promise<Confirmed>;
  confirmed(hash: Hex): Promise<Confirmed | undefined>;
  provedState(contract: Hex, key: Hex, root?: Hex): Promise<{ height: number; root: Hex; value: Hex | null }>;
  provedReceipt(hash: Hex): Promise<{ height: number; receipt: Hex; events: any[] }>;
  provedEvent(height: number, transaction: number, index: number): Promise<{
    block: Hex;
    transaction: number;
    index: number;
    contract: Hex;
    topics: Hex[];
    data: Hex;
  }>;
  replay(replay: ReplayModule, height: number, genesis?: Hex): Promise<Replayed>;
  subscribe(
    subject: 'chain' | 'events' | 'tx',
    params: Record<string, unknown>,
    hear: (entry: any) => void,
    options?: { WebSocket?: unknown; onError?: (error: CounterpartError) => void },
  ): () => void;
  strength(finals: number): Strength | undefined;
  deploy(
    key: Key,
    code: Uint8Array,
    constructor: string,
    args: Record<string, unknown>,
    options?: { salt?: Hex; rule?: string },
  ): Promise<Contract>;
}

export class Contract {
  readonly address: Hex;
  readonly interface: any;
  constructor(client: Client, address: Hex, abi: Interface);
  query(method: string, args?: Record<string, unknown>, options?: { caller?: Hex; height?: number }): Promise<any>;
  call(
    key: Key,
    method: string,
    args?: Record<string, unknown>,
    options?: { value?: bigint; signers?: Key[]; rule?: string },
  ): Promise<Confirmed & { output: any; events: any[] }>;
  encodeCall(method: string, args?: Record<string, unknown>): Hex;
  decodeCall(input: Hex): { method: string; arguments: any } | undefined;
  event(event: { contract: Hex; topics: Hex[]; data: Hex }): { name: string; fields: any } | undefined;
}

/** JSON in which `{"$int": "1"}` stands for a bigint. */
export function parse(text: string): any;
/** JSON in which a bigint is a decimal string and bytes are hex. */
export function stringify(value: unknown): string;
/** `0x` hex of bytes. */
export function hex(bytes: Uint8Array): Hex;
/** Bytes of hex. */
export function unhex(text: Hex): Uint8Array;
/** Verifies and executes a bundle; throws when anything in it does not hold. */
export function replayBundle(replay: ReplayModule, bytes: Uint8Array, genesis: Hex): Replayed;
/** The interface inside a contract's Wasm. */
export function interfaceOf(code: Uint8Array): Promise<Hex | undefined>;
