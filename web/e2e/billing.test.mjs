// @ts-check
// What an owner pays and how: automatic recharge, payments and their return, statements.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check, textsOf } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

afterEach(() => {
  assert.deepEqual(browser.offences.splice(0), []);
});

async function openBilling() {
  const page = await browser.newPage();
  await page.goto(`${SERVER}/`);
  await page.getByLabel('API key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('tab', { name: 'Billing' }).click();
  await page.getByRole('heading', { name: 'Statement' }).waitFor();
  return page;
}

test('an owner sets up the automatic recharge, and a wrong number is refused', async () => {
  const page = await openBilling();
  const panel = page.getByRole('region', { name: 'Automatic recharge' });
  await panel.getByRole('button', { name: /^(Set up|Change)$/ }).click();
  const dialog = page.getByRole('dialog');
  const threshold = dialog.getByLabel('Recharge below');
  const limit = dialog.getByLabel(/^At most in a month/);
  await threshold.fill('abc');
  await limit.fill('1.500');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('This is not a number of credits.').first().waitFor();
  await dialog.getByText('This can mean 1,500 or 1.5.').first().waitFor();
  // The server refuses a limit that pays for nothing.
  await threshold.fill('20');
  await limit.fill('0.01');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.locator('[id$="-error"]').waitFor();
  await limit.fill('5000');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await panel.getByText(/when fewer than 20 credits are available/).waitFor();
  assert.equal(await panel.locator('[data-figure="Monthly limit"]').textContent(), '€5,000.00');

  await panel.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel('Buy credits automatically').uncheck();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await panel.getByText(/^Off\./).waitFor();
  await page.close();
});

test('who comes back from the payment page sees what became of it', async () => {
  const page = await openBilling();
  await page.getByRole('tab', { name: 'Packages' }).click();
  await page.getByRole('button', { name: /^Buy / }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Go to payment' }).click();
  await page.waitForURL(/\/checkout\//);
  await page.getByRole('button', { name: /decline/i }).click();
  await page.waitForURL((url) => url.searchParams.has('purchase_id'));
  const notice = page.getByRole('status').filter({ hasText: 'nothing was charged' });
  await notice.getByText('Declined').first().waitFor();
  await notice.getByRole('button', { name: 'Dismiss' }).click();
  await notice.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).searchParams.has('purchase_id'), false);
  await page.close();
});

test('a statement of each month adds up, and is downloaded as a workbook', async () => {
  const page = await openBilling();
  const credits = page.getByRole('table', { name: 'Credits of the month' });
  const closingRow = credits.getByRole('row').filter({ hasText: 'At the end' });
  await closingRow.waitFor();
  const present = (await closingRow.textContent()) ?? '';
  await page.getByRole('combobox', { name: 'Month' }).click();
  await page.getByRole('listbox').getByRole('option').nth(1).click();
  // Until the other month is there, the table is that of the present one.
  await closingRow.filter({ hasNotText: present }).waitFor();
  const figures = await textsOf(credits.locator('tbody td'));
  // In ten-thousandths, as no float holds them.
  const units = figures.map((text) => {
    const [whole = '', fraction = ''] = text.replaceAll(',', '').split('.');
    return BigInt(whole + fraction.padEnd(4, '0'));
  });
  const closing = units.pop();
  assert.equal(
    units.reduce((sum, one) => sum + one, 0n),
    closing,
  );
  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download Excel' }).click();
  const download = await arriving;
  assert.match(download.suggestedFilename(), /\.xlsx$/);
  const file = await readFile(await download.path());
  assert.equal(file.subarray(0, 4).toString('latin1'), 'PK\x03\x04');
  await page.close();
});

test('axe finds no violation in billing, at either width', async () => {
  const page = await openBilling();
  await page.getByRole('table', { name: 'Credits of the month' }).waitFor();
  for (const width of [1400, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
  }
  await page.close();
});
