// @ts-check
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { contacts, createList, grant } from './api.mjs';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check } from './screen.mjs';
import { workbook } from './workbook.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

afterEach(() => {
  assert.deepEqual(browser.offences.splice(0), []);
});

/** Opens the page and signs in by typing the key. */
async function signIn() {
  const page = await browser.newPage();
  await page.goto(`${SERVER}/`);
  await page.getByLabel('API key', { exact: true }).fill(KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

test('an account manager sees a balance', async () => {
  const page = await signIn();
  const available = page.locator('[data-figure="Available"]');
  assert.match(await available.textContent(), /^\d[\d,]*(\.\d+)?$/);
  await page.close();
});

test('an account manager finds an account by name', async () => {
  const page = await signIn();
  const name = await page.getByRole('heading', { level: 1 }).textContent();
  await page.getByRole('searchbox', { name: 'Accounts' }).fill(name);
  await page.getByRole('button', { name, exact: true }).click();
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), name);
  assert.match(page.url(), /#account=/);
  await page.close();
});

/**
 * Creates a list in the open account, and opens the dialog that imports into it.
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function openImport(page, name) {
  await page.getByRole('navigation', { name: 'Accounts' }).getByRole('listitem').first().click();
  await page.waitForURL(/#account=/);
  const accountId = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('account');
  const list = await createList(accountId ?? '', name);
  await page.getByRole('searchbox', { name: 'Search lists by name' }).fill(name);
  await page.getByRole('button', { name: `Import contacts into ${name}` }).click();
  return { list, dialog: page.getByRole('dialog') };
}

test('a CSV file without known headers is mapped and imported', async () => {
  const page = await signIn();
  const name = `Mapped ${Date.now()}`;
  const { list, dialog } = await openImport(page, name);
  const text =
    'customer_id;Chi;raggiungere\n20240115;Ada;340 123 4567\n20240116;Bea;340 123 4568\n20240117;Cy;12\n';
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name: 'clienti.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await dialog.getByText('CSV in UTF-8, separated by semicolons.').waitFor();
  await dialog.getByRole('note').getByText('It isn’t clear which column').waitFor();
  await dialog.getByRole('cell', { name: '340 123 4567', exact: true }).first().waitFor();

  // Nothing is sent before the column of numbers is chosen.
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await dialog.getByText('Choose the column with the phone numbers.').waitFor();
  await dialog.getByLabel('Phone numbers are in').selectOption('raggiungere');
  await dialog.getByLabel('Import customer_id').uncheck();
  await dialog.getByLabel('Merge field of Chi').fill('first name');
  await dialog.getByRole('combobox', { name: 'Default country' }).fill('Italy');
  await page.getByRole('option', { name: 'Italy' }).click();
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  // The server's error is shown at the field that it is about.
  await dialog.locator('.mantine-TextInput-error').waitFor();
  await dialog.getByLabel('Merge field of Chi').fill('firstName');
  await check(page);
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();

  await dialog.getByRole('heading', { name: '2 imported' }).waitFor();
  await dialog
    .getByRole('table', { name: 'Rejected rows' })
    .getByText('12', { exact: true })
    .waitFor();
  await check(page);
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
  await row.getByRole('cell', { name: '2', exact: true }).waitFor();
  assert.deepEqual(await contacts(list), [
    { phoneNumber: '+393401234567', firstName: 'Ada' },
    { phoneNumber: '+393401234568', firstName: 'Bea' },
  ]);
  await page.close();
});

test('a workbook is imported without a mapping, with the keyboard, in dark mode, on a phone', async () => {
  const page = await signIn();
  const { list, dialog } = await openImport(page, `Workbook ${Date.now()}`);
  const buffer = workbook('Contatti', [
    ['Telefono', 'Nome', 'Note', 'Note'],
    ['+393401234567', 'Ada', 'a', 'b'],
  ]);
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  const choosing = page.waitForEvent('filechooser');
  await dialog.getByRole('button', { name: /^File/ }).press('Enter');
  await (await choosing).setFiles({ name: 'contatti.xlsx', mimeType: type, buffer });
  await dialog.getByText('Excel workbook, sheet “Contatti”.').waitFor();
  await dialog.getByRole('table', { name: 'Warnings' }).waitFor();
  assert.equal(await dialog.getByLabel('Phone numbers are in').inputValue(), '0');

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await check(page);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `the dialog is ${width} px wide`);
  await dialog.getByRole('button', { name: 'Import', exact: true }).press('Enter');
  const heading = dialog.getByRole('heading', { name: '1 imported' });
  await heading.waitFor();
  assert.ok(await heading.evaluate((it) => it === document.activeElement));
  await check(page);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(await contacts(list), [
    { phoneNumber: '+393401234567', Nome: 'Ada', Note: 'a' },
  ]);
  await page.close();
});

test('credits are shown as usable through the day before they expire', async () => {
  const page = await signIn();
  await page.getByRole('navigation', { name: 'Accounts' }).getByRole('listitem').first().click();
  await page.waitForURL(/#account=/);
  const accountId = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('account');
  assert.ok(accountId, page.url());
  // Far in the future, so that no other lot expires on that day.
  await grant(accountId, '2099-01-01');
  await page.getByText(/^usable through \d+ \w+ \d{4}$/).waitFor();
  await page.getByRole('tab', { name: 'Credits' }).click();
  const lots = page.getByRole('table', { name: 'Credit lots' });
  await lots.getByRole('columnheader', { name: 'Usable through' }).waitFor();
  await lots.getByRole('cell', { name: '31 Dec 2098' }).first().waitFor();
  await page.close();
});

test('a limit set in the dialog is shown in the table', async () => {
  const page = await signIn();
  const edit = page.getByRole('button', { name: /^Edit limits of/ }).first();
  const name = ((await edit.getAttribute('aria-label')) ?? '').replace('Edit limits of ', '');
  const row = page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name, exact: true }) });

  // Another figure each time, so that the old one can't be mistaken for it.
  const limit = 100 + (Date.now() % 800);
  await edit.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Own limit').check();
  await dialog.getByLabel('Assigned credits').fill(String(limit));
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row
    .filter({ hasText: 'Own limit' })
    .getByRole('cell', { name: String(limit) })
    .first()
    .waitFor();

  await edit.click();
  await dialog.getByLabel('Assigned credits').fill('999999999999999');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.locator('.mantine-TextInput-error').waitFor();
  await dialog.getByLabel('Shared').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.filter({ hasText: 'Shared' }).waitFor();
  await page.close();
});

test('a balance changed elsewhere is shown without a reload', async () => {
  const page = await signIn();
  await page.getByRole('navigation', { name: 'Accounts' }).getByRole('listitem').first().click();
  await page.waitForURL(/#account=/);
  const accountId = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('account');
  const available = page.locator('[data-figure="Available"]');
  const before = await available.textContent();

  await grant(accountId ?? '');
  await page.waitForFunction(
    (old) => document.querySelector('[data-figure="Available"]')?.textContent !== old,
    before,
  );
  await page.close();
});

test('a draft is segmented and quoted while it is typed', async () => {
  const page = await signIn();
  await page.getByRole('tab', { name: 'Quote' }).click();
  await page.getByLabel('Text', { exact: true }).fill('It’s here');
  await page.getByText('SMS with special characters: 1 segment.').waitFor();
  await page.getByRole('combobox', { name: 'Contact list' }).click();
  await page.getByRole('listbox').getByRole('option').first().click();
  await page.getByText(/^[\d,.]+ credits$/).waitFor();
  await page.close();
});

test('a purchase leads to the payment page', async () => {
  const page = await signIn();
  await page.getByRole('note', { name: 'Sandbox' }).waitFor();
  await page.getByRole('tab', { name: 'Packages' }).click();
  await page.getByRole('button', { name: /^Buy / }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Go to payment' }).click();
  await page.waitForURL(/\/checkout\//);
  await page.getByRole('note').getByText('Nobody is charged').waitFor();
  await page.getByRole('button', { name: /approve/i }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/checkout/'));
  await page.getByRole('table', { name: 'Purchases' }).getByText('Paid').first().waitFor();
  await page.close();
});

test('usage is downloaded as an Excel workbook', async () => {
  const page = await signIn();
  await page.getByRole('tab', { name: 'Usage' }).click();
  await page.getByLabel('Period').selectOption('Last 12 months');
  await page.getByRole('heading', { name: 'By country' }).waitFor();
  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download Excel' }).click();
  const download = await arriving;
  assert.match(download.suggestedFilename(), /\.xlsx$/);
  const file = await readFile(await download.path());
  assert.equal(file.subarray(0, 4).toString('latin1'), 'PK\x03\x04');
  await page.close();
});

// Browsers request it compressed; a partial file must not count as a download.
test('usage is downloaded as a complete CSV file', async () => {
  const page = await signIn();
  await page.getByRole('tab', { name: 'Usage' }).click();
  await page.getByLabel('Period').selectOption('Last 12 months');
  await page.getByRole('heading', { name: 'By country' }).waitFor();
  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const download = await arriving;
  assert.equal(await download.failure(), null);
  assert.match(download.suggestedFilename(), /\.csv$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.ok(text.startsWith('\uFEFFsent_at,list,text,'), text.slice(0, 80));
  assert.ok(text.endsWith('\r\n') && text.split('\r\n').length > 100);
  await page.close();
});

test('nothing is wider than a phone', async () => {
  const page = await signIn();
  await page.setViewportSize({ width: 390, height: 844 });
  for (const tab of ['Credits', 'Usage', 'History', 'Quote', 'Packages', 'Billing', 'Settings']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tabpanel', { name: tab }).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `${tab} is ${width} px wide`);
  }
  await page.close();
});

test('axe finds no violation in any part of the page', async () => {
  const visitor = await browser.newPage();
  await visitor.goto(`${SERVER}/`);
  await visitor.getByLabel('API key', { exact: true }).waitFor();
  await check(visitor);
  await visitor.close();

  const page = await signIn();
  await page
    .getByRole('button', { name: /^Edit limits of/ })
    .first()
    .click();
  await page.getByRole('dialog').getByLabel('Own limit').check();
  await check(page);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  for (const [tab, heading] of [
    ['Credits', 'Credit lots'],
    ['Usage', 'By country'],
    ['Quote', 'Segments'],
    ['Packages', 'Purchases'],
  ]) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('heading', { name: heading }).waitFor();
    await check(page);
  }
  await page.close();
});
