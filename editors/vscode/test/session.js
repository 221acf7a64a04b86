// A session without a person, in a real VS Code: code-server with the extension installed, driven through Chromium.
//
//   npm install --no-save playwright-core
//   code-server --install-extension feedline.vsix
//   code-server --auth none --bind-addr 127.0.0.1:8471 --disable-workspace-trust &
//   CHROMIUM=/usr/bin/chromium node test/session.js
//
// `feedline.interpreter` belongs into code-server's Machine/settings.json. Needs `code-server` (npm, Node 24).
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const address = process.env.ADDRESS ?? '127.0.0.1:8471';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'feedline-'));

fs.writeFileSync(path.join(folder, 'train.pipe'), `dataset photos=FakeData(size=100)
loader train from photos {
transform {RandomHorizontalFlop();ToDtype(float32,scale=true)}
    sample { batch 8;order shuffled }
}
`);

/** The lines as they are shown, hints included. */
const shown = (page) => page.evaluate(() => [...document.querySelectorAll('.view-line')]
  .sort((one, other) => parseInt(one.style.top) - parseInt(other.style.top))
  .map((line) => line.textContent.replaceAll('\u00a0', ' ')));

async function until(what, happened) {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await happened();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(`waited in vain for ${what}`);
}

async function session(page) {
  const line = (text) => page.locator('.view-line', { hasText: text }).first();
  const errors = () => page.locator('.squiggly-error').count();
  const says = (what, text) => until(what, async () => (await shown(page)).some((one) => one.includes(text)));

  await until('an error', errors);
  const fix = page.locator('.action-widget', { hasText: 'write `RandomHorizontalFlip`' });
  await until('the quick fix', async () => {
    await line('RandomHorizontalFlop').click({ position: { x: 150, y: 9 } });
    await page.keyboard.press('Control+.');
    return fix.waitFor({ timeout: 3000 }).then(() => true, () => page.keyboard.press('Escape'));
  });
  await page.keyboard.press('Enter');
  await says('the fix', 'RandomHorizontalFlip()');
  await until('no error', async () => (await errors()) === 0);
  console.log('an error, its quick fix, no error');

  await page.keyboard.press('Control+s');
  await says('formatting on save', 'dataset photos = FakeData(size=100)');
  await says('an inlay hint', 'scale=true)→ float32, 0..1, 3 x 224 x 224');
  console.log('formatted on save, with hints:\n' + (await shown(page)).join('\n'));

  await line('dataset').click({ position: { x: 80, y: 9 } });
  await page.keyboard.press('F2');
  await page.locator('.rename-box.preview').waitFor();
  await page.locator('.rename-box input').fill('pictures');
  await page.locator('.rename-box input').press('Enter');
  await says('the other use', 'from pictures');
  console.log('renamed, both uses');

  await line('loader').click({ position: { x: 180, y: 9 } });
  await page.keyboard.press('F12');
  await until('the definition', async () => /Ln 1, Col 9/.test(await page.textContent('.statusbar')));
  console.log('definition found');

  await page.locator('.codelens-decoration a', { hasText: 'verify' }).first().click();
  await page.locator('.notification-toast', { hasText: 'train: ' }).waitFor({ timeout: 60000 });
  console.log(`verify: ${(await page.textContent('.notification-list-item-message')).trim()}`);
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  const opened = JSON.stringify([['openFile', `vscode-remote://${address}${folder}/train.pipe`]]);
  try {
    await page.goto(`http://${address}/?folder=${folder}&payload=${encodeURIComponent(opened)}`);
    await page.locator('.view-line').first().waitFor({ timeout: 60000 });
    await session(page);
  } finally {
    await browser.close();
    fs.rmSync(folder, { recursive: true });
  }
})().catch((error) => { console.error(error); process.exit(1); });
