// Blocks of every demonstration, executed again in a browser by the page that serves its ledger.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

const require = createRequire(`${process.env.COUNTERPART_NODE_MODULES}/`);
const { chromium } = require('playwright-core');
const demos = JSON.parse(process.env.COUNTERPART_DEMOS);
/** Blocks of a demonstration that are executed again, spread over its length. */
const BLOCKS = 8;
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.COUNTERPART_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

test('there is a demonstration', () => assert.ok(demos.length > 0));

for (const { name, url } of demos) {
  test(`blocks of the demonstration ${name} come out equal in the browser`, async () => {
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    await page.goto(`${url}/#/`);
    await page.waitForSelector('tbody tr a');
    const newest = Number(await page.locator('tbody tr td a').first().innerText());
    assert.ok(newest > 2, `${newest} blocks`);
    const step = Math.max(1, Math.floor((newest - 1) / BLOCKS));
    for (let height = 1; height < newest; height += step) {
      await page.goto(`${url}/#/block/${height}`);
      await page.waitForFunction((at) => document.querySelector('main h1')?.textContent === `Block ${at}`, height);
      await page.click('#replay');
      const told = page.locator('#replayed, main [role=alert]').first();
      await told.waitFor();
      assert.match(await told.innerText(), /^Equal: .* on wasmi/, `block ${height}`);
    }
    assert.deepEqual(faults, []);
    await page.close();
  });
}
