// What is looked at in a real browser: one case for each run, told by its name. A case that fails ends the process with
// what it saw. `tests/browser/main.rs` starts this, and the exporter when it is asked to.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline/promises';
import { createRequire } from 'node:module';

const [name, modules, pictures] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// Far longer than anything takes, on the slowest machine.
const PATIENCE = 90_000;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 }, readme: { width: 1280, height: 760 } };

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

// The exporter is started only now, so that its begin is seen however long a browser takes to start.
const lines = readline.createInterface({ input: process.stdin });
console.log('START THE EXPORTER');
const url = await new Promise((resolve) => lines.once('line', resolve));

// A page whose every error, alert and foreign request is a fault.
async function open({ size = 'desktop', scheme = 'light', script = true, bare = false, query = '' } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size], colorScheme: scheme, javaScriptEnabled: script,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => { faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => new URL(request.url()).origin !== new URL(url).origin && faults.push(`asks ${request.url()}`));
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()} ${response.url()}`));
  if (bare) await page.route('**/page.js*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  await page.goto(url + query, { waitUntil: 'load' });
  return { page, context, faults };
}

async function close({ context, faults }) {
  await context.close();
  assert.deepEqual(faults, []);
}

// Nothing is wider than the screen.
async function isNarrow(page, what) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= screen, `${what}: ${content} px on a screen of ${screen} px`);
}

// Fit to read: not too wide, and nothing that axe complains of.
async function isFit(page, what) {
  await isNarrow(page, what);
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document));
  const told = violations.map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.map((node) => node.html).join(' | ')}`);
  assert.deepEqual(told, [], what);
  assert.ok(passes.length > 20, `${what}: axe looked at ${passes.length} rules only`);
}

async function unfold(page) {
  for (const summary of await page.locator('summary').all()) await summary.click();
}

async function picture(page, name, options = {}) {
  fs.mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `${name}.png`), ...options });
}

// Follows what the page says of a component, `stage verdict`, from now on, in this very document.
async function follow(page, component) {
  await page.evaluate((component) => {
    globalThis.seen = [];
    const look = () => {
      const section = document.getElementById(component);
      const stage = section.querySelector('.verdict .stage').textContent;
      const verdict = section.querySelector('.verdict strong').textContent;
      if (globalThis.seen.at(-1) !== `${stage}, ${verdict}`) globalThis.seen.push(`${stage}, ${verdict}`);
    };
    new MutationObserver(look).observe(document.getElementById('main'), { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  }, component);
}

async function waitFor(page, said) {
  try {
    await page.waitForFunction((said) => globalThis.seen?.includes(said), said);
  } catch (error) {
    assert.fail(`${said} never came; the same document said ${JSON.stringify(await page.evaluate(() => globalThis.seen))}: ${error}`);
  }
}

// Presses Tab until the focus is on what is looked for, and sees to it that the focus can be seen.
async function tabTo(page, selector) {
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate((selector) => {
      const focus = document.activeElement;
      if (!focus?.matches(selector)) return null;
      const style = getComputedStyle(focus);
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    }, selector);
    if (found !== null) {
      assert.ok(found, `the focus on ${selector} cannot be seen`);
      return;
    }
  }
  assert.fail(`no Tab reaches ${selector}`);
}

const cases = {
  // From Helm's first word to the next component's turn, without a reload.
  async 'healthy-upgrade'() {
    const opened = await open();
    const { page } = opened;
    await follow(page, 'gim');
    // Helm's own work may be over before a busy machine has drawn it.
    for (const said of ['Verifying, Wait', 'Verified, Proceed']) await waitFor(page, said);
    assert.equal(await page.textContent('#live'), 'Live');
    await page.waitForFunction(() => document.querySelector('#gim svg.chart polyline')?.getAttribute('points').includes(' '));
    await isFit(page, 'a healthy upgrade');
    await picture(page, 'healthy-upgrade', { fullPage: true });
    assert.deepEqual(opened.faults, []);
    // A page that is not live any more says so.
    console.log('END THE EXPORTER');
    await page.waitForFunction(() => document.getElementById('live').textContent.startsWith('Not live'));
    assert.equal(await page.evaluate(() => document.documentElement.classList.contains('lost')), true);
    await opened.context.close();
  },

  // A verdict comes while somebody reads: what was unfolded, focused and scrolled to stays.
  async 'image-missing'() {
    const opened = await open({ size: 'phone', scheme: 'dark' });
    const { page } = opened;
    await page.waitForFunction(() => document.querySelector('#gca details'));
    await follow(page, 'gim');
    await page.click('#gca summary');
    await page.focus('#gca summary');
    await page.evaluate(() => document.querySelector('#gca details').scrollIntoView({ block: 'start' }));
    await waitFor(page, 'Failed, Roll back');
    assert.equal(await page.title(), 'Roll back GIM: default');
    assert.equal(await page.textContent('#verdict'), 'Roll back');
    assert.equal(await page.textContent('#announcer'), 'Roll back GIM: default');
    assert.equal(await page.getAttribute('#icon', 'href'), 'assets/roll_back.svg');
    assert.equal(await page.evaluate(() => document.querySelector('#gca details').open), true, 'it stays unfolded');
    assert.equal(await page.evaluate(() => document.activeElement.matches('#gca summary')), true, 'the focus stays');
    // The browser anchors what is looked at; were the content made anew, the top would be shown.
    assert.ok(await page.evaluate(() => scrollY > 200), 'it stays where it was scrolled to');
    await page.click('button.copy');
    await page.waitForFunction(() => document.querySelector('button.copy').textContent === 'Copied');
    const command = await page.textContent('#command');
    assert.match(command, /^helm rollback gim 3 -n gim --timeout \d+s && kubectl -n gim delete pod gim-0$/);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
    await close(opened);
  },

  // The same page in every light and width, with JavaScript and without.
  async looks() {
    for (const script of [true, false]) {
      for (const size of ['phone', 'desktop']) {
        for (const scheme of ['light', 'dark']) {
          const what = `${size}-${scheme}${script ? '' : '-without-javascript'}`;
          const opened = await open({ size, scheme, script });
          const { page } = opened;
          await page.waitForSelector('main.is-roll_back');
          assert.equal(await page.isVisible('button.copy'), script, what);
          assert.equal(await page.locator('meta[http-equiv=refresh]').count(), script ? 0 : 1, what);
          assert.match(await page.textContent('.hero .judged'), /^Judged at \d\d:\d\d:\d\d UTC \d+ (s|min).* ago$/, what);
          const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
          assert.equal(ground === 'rgb(12, 16, 20)', scheme === 'dark', what);
          await (script ? isFit : isNarrow)(page, what);
          await picture(page, what, { fullPage: true });
          if (!script) {
            await close(opened);
            // axe itself is JavaScript: it is shown the same document, with the page's own script withheld.
            const bare = await open({ size, scheme, bare: true });
            assert.equal(await bare.page.isVisible('button.copy'), false, what);
            await isFit(bare.page, what);
            await close(bare);
            continue;
          }
          await unfold(page);
          await isFit(page, `${what}, unfolded`);
          await close(opened);
        }
      }
    }
    // Without JavaScript the page asks for itself anew.
    const refreshed = await open({ script: false });
    await refreshed.page.waitForEvent('load');
    await close(refreshed);
    const opened = await open();
    for (const selector of ['a.skip', 'button.copy', '#gim summary', '.sources summary']) await tabTo(opened.page, selector);
    await opened.page.keyboard.press('Enter');
    assert.equal(await opened.page.evaluate(() => document.querySelector('.sources details').open), true);
    await close(opened);
  },

  // A pod whose name is a script, and two suites.
  async 'odd-names'() {
    const opened = await open({ query: '?suite=other' });
    await opened.page.waitForFunction(() => document.querySelector('#gim .pods').textContent.includes('"><script>alert(1)</script>'));
    assert.equal(await opened.page.locator('main script').count(), 0);
    await isFit(opened.page, 'odd names');
    await close(opened);
    for (const size of ['phone', 'desktop']) {
      const fleet = await open({ size, scheme: size === 'phone' ? 'dark' : 'light' });
      await fleet.page.waitForFunction(() => document.querySelectorAll('.fleet > li').length === 2);
      await isFit(fleet.page, `all suites, ${size}`);
      await picture(fleet.page, `fleet-${size}`, { fullPage: true });
      await fleet.page.click('a[href="./?suite=other"]');
      await fleet.page.waitForSelector('#gim');
      await close(fleet);
    }
  },

  // The pictures in README.
  async screenshots() {
    for (const [name, options] of [['page-phone-dark', { size: 'phone', scheme: 'dark' }], ['page-desktop-light', { size: 'readme' }]]) {
      const opened = await open(options);
      await opened.page.waitForSelector('main.is-roll_back');
      await picture(opened.page, name);
      await close(opened);
    }
  },
};

try {
  await cases[name]();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  lines.close();
  await browser.close();
}
