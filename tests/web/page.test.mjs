// The auditor's page in a headless browser, against a running network.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { code, funded, token, url } from './network.mjs';

const require = createRequire(`${process.env.COUNTERPART_NODE_MODULES}/`);
const { chromium } = require('playwright-core');
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.COUNTERPART_SHOTS;
let browser;
let scene;

/** A transfer that was made, one that was refused, and where they stand. */
async function play() {
  const { client, keys: [issuer, holder] } = await funded('issuer', 'holder');
  const contract = await token(client, issuer, holder, 50n);
  const made = await contract.call(holder, 'transfer', { from: holder.address, to: issuer.address, units: 20n });
  // Sent with a gas limit, so that it is refused on the chain and not in the simulation.
  const draft = await client.draft(holder, (actions) => actions.call(contract.address, contract.encodeCall('transfer', { from: holder.address, to: issuer.address, units: 31n }), '0'));
  draft.setGasLimit(50_000_000n);
  const { hash } = await client.call('tx_send', { transaction: draft.sign(holder) });
  const refused = await client.wait(hash);
  return { client, contract, holder, made, refused };
}

async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('request', (request) => request.url().startsWith(url) || request.url().startsWith('data:') || request.url().startsWith('blob:') || faults.push(`foreign request ${request.url()}`));
  await page.goto(`${url}/#${path}`);
  await page.waitForSelector('main h1, main [role=alert]');
  return { page, faults };
}

const text = (page) => page.locator('main').innerText();

before(async () => {
  await mkdir(shots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.COUNTERPART_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  scene = await play();
});
after(() => browser?.close());

test('the first page shows verified blocks within a second, and new ones by themselves', async () => {
  const { page, faults } = await open('/');
  const first = await page.evaluate(() => performance.now());
  assert.ok(first < 1000, `${Math.round(first)} ms`);
  const newest = async () => Number(await page.locator('tbody tr td a').first().innerText());
  const height = await newest();
  assert.match(await text(page), /4 certified/);
  await funded('somebody');
  await page.waitForFunction((old) => Number(document.querySelector('tbody tr td a').textContent) > old, height);
  assert.deepEqual(faults, []);
  await page.close();
});

test('search leads from a height, a block, a transaction, an account and a contract to its page', async () => {
  const { page } = await open('/');
  const { made, contract, holder } = scene;
  for (const [word, title] of [['5', 'Block 5'], [made.block, `Block ${made.height}`], [made.hash, 'Transaction'], [holder.address, 'Account'], [contract.address.slice(2), 'SecurityToken']]) {
    await page.fill('#query', word);
    await page.press('#query', 'Enter');
    await page.waitForFunction((expected) => document.querySelector('main h1')?.textContent === expected, title);
  }
  await page.fill('#query', 'nonsense');
  await page.press('#query', 'Enter');
  await page.waitForSelector('main [role=alert]');
  assert.match(await text(page), /not_found/);
  await page.close();
});

test('a transaction shows its decoded call, its event and the strength of its certificate', async () => {
  const { page, faults } = await open(`/tx/${scene.made.hash}`);
  const shown = await text(page);
  for (const expected of ['SecurityToken.transfer', 'Transferred', '"units": "20"', 'verified in this browser', 'liars cannot undo it']) {
    assert.ok(shown.includes(expected), expected);
  }
  assert.equal(await page.locator('svg[role=img]').count(), 1);
  assert.deepEqual(faults, []);
  await page.close();
});

test('a transaction shows its frames, host calls and where its gas went', async () => {
  const { page, faults } = await open(`/tx/${scene.made.hash}`);
  const shown = await text(page);
  assert.match(shown, /transfer in 0x/);
  assert.match(shown, /in its own instructions/);
  assert.ok(await page.locator('g.flame').count() > 3);
  await page.locator('g.flame').nth(1).focus();
  await page.keyboard.press('Enter');
  assert.match(await text(page), /gas/);
  await page.locator('summary', { hasText: /host call/ }).first().click();
  assert.match(await text(page), /storage_get\(/);
  assert.deepEqual(faults, []);
  await page.close();
});

test('a block executes again in this browser with equal gas and root', async () => {
  const { page, faults } = await open(`/block/${scene.made.height}`);
  assert.match(await text(page), /changed entr/);
  await page.click('#replay');
  await page.waitForSelector('#replayed');
  assert.match(await page.locator('#replayed').innerText(), /^Equal: 1 transaction on wasmi/);
  await page.locator('summary', { hasText: /gas$/ }).first().click();
  assert.match(await text(page), /transfer in 0x/);
  await page.screenshot({ path: `${shots}/replay.png`, fullPage: true });
  assert.deepEqual(await audit(page), []);
  assert.deepEqual(faults, []);
  await page.close();
});

test('an altered bundle is refused in this browser', async () => {
  const { page } = await open('/');
  const codes = await page.evaluate(async (height) => {
    const { connect } = await import('/node.js');
    const { replayBundle } = await import('/client.js');
    const chain = await connect();
    const { bundle } = await chain.replay(height);
    const engine = await chain.engine;
    const { hash } = await chain.client.call('chain_genesis');
    return [0.2, 0.5, 0.8].map((part) => {
      const altered = bundle.slice();
      altered[Math.floor(bundle.length * part)] ^= 1;
      try {
        replayBundle(engine, altered, hash);
        return 'accepted';
      } catch (error) {
        return error.code;
      }
    });
  }, scene.made.height);
  assert.ok(codes.every((code) => code && code !== 'accepted'), codes.join());
  await page.close();
});

test('a contract shows its entries decoded and its code is what it claims to be', async () => {
  const { page, faults } = await open(`/at/${scene.contract.address}`);
  await page.click('button.entries');
  await page.waitForFunction(() => /entries as of block/.test(document.querySelector('main').innerText));
  const shown = await text(page);
  assert.match(shown, /book/);
  assert.match(shown, /"units":"?30"?|30/);
  await page.click('#verify-code');
  await page.waitForSelector('#code-verified.good');
  await page.setInputFiles('#own-build', { name: 'mine.wasm', mimeType: 'application/wasm', buffer: Buffer.from(await code('sale-desk')) });
  await page.waitForSelector('#code-verified.bad');
  await page.setInputFiles('#own-build', { name: 'mine.wasm', mimeType: 'application/wasm', buffer: Buffer.from(await code('security-token')) });
  await page.waitForFunction(() => document.querySelector('#code-verified').textContent === 'Your file is this code.');
  assert.deepEqual(faults, []);
  await page.close();
});

test('the audit replays the newest blocks and keeps what came out', async () => {
  const { page, faults } = await open('/audit');
  await page.click('#replay-all');
  await page.waitForSelector('#audited.good', { timeout: 120_000 });
  assert.match(await page.locator('#audited').innerText(), /^(\d+) of \1 blocks came out equal/);
  await page.screenshot({ path: `${shots}/audited.png`, fullPage: true });
  assert.deepEqual(faults, []);
  await page.close();
});

test('the example page proves a receipt from another origin, and refuses what is not proved', async () => {
  const files = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://site').pathname;
    try {
      const content = await readFile(`${process.env.COUNTERPART_JS}${path}`);
      const type = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' }[path.split('.').pop()];
      response.writeHead(200, { 'content-type': type ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => files.listen(Number(process.env.COUNTERPART_SITE), '127.0.0.1', resolve));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${process.env.COUNTERPART_SITE}/receipt.html`);
  const verify = async (hash, validators = '') => {
    await page.fill('[name=node]', url);
    await page.fill('[name=hash]', hash);
    await page.fill('[name=validators]', validators);
    await page.locator('#verdict').evaluate((element) => element.replaceChildren());
    await page.click('button');
    await page.waitForFunction(() => document.querySelector('#verdict').textContent !== '');
    return page.locator('#verdict').innerText();
  };
  assert.match(await verify(scene.made.hash), /^Real: success/);
  assert.match(await verify(scene.made.hash, scene.client.validators.hash), /^Real: success/);
  assert.match(await verify(scene.refused.hash), /^Real: revert/);
  assert.match(await verify(`0x${'ab'.repeat(32)}`), /^Not proved\. unknown_transaction/);
  assert.match(await verify(scene.made.hash, `0x${'ab'.repeat(32)}`), /^Not proved\. wrong_validators/);
  assert.equal((await fetch(url, { method: 'OPTIONS', headers: { origin: 'http://elsewhere' } })).headers.get('access-control-allow-origin'), null);
  await page.close();
  files.close();
});

test('a refused transfer shows the contract’s own reason', async () => {
  assert.equal(scene.refused.receipt.outcome.status, 'revert');
  const { page } = await open(`/tx/${scene.refused.hash}`);
  const shown = await text(page);
  assert.match(shown, /TransferRefused/);
  assert.match(shown, /InsufficientBalance/);
  assert.match(shown, /"want": 31/);
  await page.close();
});

test('a contract’s methods are asked and tried from forms made of its interface', async () => {
  const { page, faults } = await open(`/at/${scene.contract.address}`);
  const form = async (method, values) => {
    await page.locator('summary', { hasText: new RegExp(`^${method} `) }).click();
    for (const [name, value] of Object.entries(values)) await page.fill(`#${method}-${name}`, value);
    const target = page.locator(`form[aria-label="${method}"]`);
    await target.locator('button').click();
    const status = target.locator('xpath=following-sibling::div[@role="status"]');
    await status.locator('pre, [role=alert]').waitFor();
    return status.innerText();
  };
  assert.match(await form('balance_of', { holder: scene.holder.address }), /30/);
  assert.match(await form('can_transfer', { from: scene.holder.address, to: scene.contract.address, units: '1000' }), /InsufficientBalance/);
  assert.match(await form('holding', { holder: 'nobody' }), /bad_value/);
  assert.match(await form('issue', { to: scene.holder.address, units: '1' }), /NotIssuer/);
  assert.deepEqual(faults, []);
  await page.close();
});

test('everything can be reached by keyboard', async () => {
  const { page } = await open('/block/5');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('main h1')?.textContent === 'Block 6');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelector('main h1')?.textContent === 'Block 5');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'query');
  await page.close();
});

test('what a node sends is never read as markup, and the policy forbids everything foreign', async () => {
  const response = await fetch(`${url}/`);
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|https:|\*/);
  assert.equal((await fetch(`${url}/../../etc/passwd`)).status, 404);
  assert.equal((await fetch(`${url}/no-such-file`)).status, 404);
  const { client, keys: [issuer] } = await funded('issuer');
  const evil = '<img src=x onerror="document.title=`owned`">';
  const contract = await client.deploy(issuer, await code('security-token'), 'new', { name: evil, symbol: evil });
  const { page, faults } = await open(`/at/${contract.address}`);
  await page.locator('summary', { hasText: /^name / }).click();
  await page.locator('form[aria-label="name"] button').click();
  await page.locator('form[aria-label="name"] + div pre').waitFor();
  assert.match(await text(page), /<img/);
  assert.doesNotMatch(await page.title(), /owned/);
  assert.deepEqual(faults, []);
  await page.close();
});

test('every page is accessible in both themes and at phone width, and leaves a screenshot', async () => {
  const paths = { blocks: '/', block: `/block/${scene.made.height}`, transaction: `/tx/${scene.made.hash}`, refused: `/tx/${scene.refused.hash}`, contract: `/at/${scene.contract.address}`, account: `/at/${scene.holder.address}`, audit: '/audit', node: '/health' };
  for (const [name, path] of Object.entries(paths)) {
    for (const colorScheme of ['light', 'dark']) {
      for (const [kind, width] of [['wide', 1200], ['phone', 390]]) {
        const { page } = await open(path, { colorScheme, viewport: { width, height: 844 } });
        await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${kind}.png`, fullPage: true });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
        const found = await audit(page);
        assert.deepEqual(found, [], `${name}, ${colorScheme}, ${kind}`);
        await page.close();
      }
    }
  }
});

/** Serious findings of axe-core. It is injected past the policy by the driver, not by the page. */
async function audit(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
  await page.evaluate(axe);
  const result = await page.evaluate(() => globalThis.axe.run());
  return result.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).slice(0, 3).join('; ')}`);
}
