// @ts-check
// The platform's own page: all accounts, packages, rate cards and the platform's keys.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, grant, platformKey } from './api.mjs';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check, openWith, picture, textsOf } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** What this run creates has names of its own. */
const RUN = Date.now();

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

/**
 * Opens a part of the platform's page.
 * @param {Awaited<ReturnType<typeof openBrowser>>} browser
 * @param {string} part
 * @param {string} [key]
 */
async function openPart(browser, part, key = KEY) {
  const page = await openWith(browser, key);
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/platform/${part}`);
  return page;
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`the platform’s page fits every screen, in ${language}`, async () => {
    const page = await openPart(language === 'en' ? english : italian, 'accounts');
    for (const part of ['accounts', 'packages', 'rateCards', 'keys']) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, `#/platform/${part}`);
      for (const width of [1400, 390]) {
        await page.setViewportSize({ width, height: 900 });
        await page.getByRole('tabpanel').locator('tbody tr, p').first().waitFor();
        await check(page);
        await picture(page, `platform-${part}-${language}-${width}`);
      }
    }
    await page.close();
  });
}

test('the portfolio shows what each account has and spent, and leads to it', async () => {
  const name = `Portfolio ${RUN}`;
  const account = await createAccount(name);
  await grant(account, '2099-03-31', '1200.5');
  const page = await openWith(english, KEY);
  await page.getByRole('link', { name: 'Platform' }).click();
  const table = page.getByRole('table', { name: 'All accounts' });
  const demo = table.getByRole('row').filter({ hasText: 'Bottega Lume' });
  await demo.waitFor();
  // The figures are those of the account's own usage.
  const lastMonth = (await demo.getByRole('cell').nth(6).textContent()) ?? '';
  await page.getByRole('searchbox', { name: 'Search all accounts by name' }).fill(name);
  const row = table.getByRole('row').filter({ hasText: name });
  await demo.waitFor({ state: 'detached' });
  const cells = await textsOf(row.getByRole('cell'));
  assert.deepEqual(cells.slice(0, -1), ['1,200.5', '0', '—', '0', 'off', '0', '0']);
  assert.match(cells.at(-1) ?? '', /\d{4}, \d{2}:\d{2}$/);
  await row.getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.goBack();
  await page.getByRole('searchbox', { name: 'Search all accounts by name' }).fill('');
  await demo.getByRole('link').click();
  await page.getByRole('tab', { name: 'Usage' }).click();
  await page.getByLabel('Period').selectOption('Last month');
  await page.waitForURL(/last-month/);
  await page.getByText(/^Compared with /).waitFor();
  const credits = page.locator('[data-figure="Credits"], dt:has-text("Credits") + dd').first();
  await credits.getByText(lastMonth, { exact: true }).waitFor();
  await page.close();
});

test('an account is created, and opened', async () => {
  const page = await openPart(english, 'accounts');
  await page.getByRole('button', { name: 'Create an account' }).click();
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Create an account' });
  await save.click();
  await dialog.getByLabel('Name').and(page.locator('[aria-invalid=true]')).waitFor();
  await check(page);
  await picture(page, 'new-account-1400');
  await dialog.getByLabel('Name').fill(`Created ${RUN}`);
  await dialog.getByLabel('Currency').fill('usd');
  await save.click();
  await page.getByRole('heading', { level: 1, name: `Created ${RUN}` }).waitFor();
  await page.getByText('$0.00').waitFor();
  await page.close();
});

test('a package is created with its price per credit, and archived after a question', async () => {
  const page = await openPart(italian, 'packages');
  await page.getByRole('button', { name: 'Crea un pacchetto' }).click();
  let dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Crea un pacchetto' });
  await dialog.getByLabel('Codice').fill('starter-eur');
  await dialog.getByLabel('Nome').fill('Prova');
  await dialog.getByLabel('Crediti').fill('2.000,5');
  await dialog.getByLabel('Prezzo').fill('49,90');
  await dialog.getByText(/^0,0249.€ per credito\.$/).waitFor();
  await dialog.getByLabel(/^Valido per/).fill('365');
  await save.click();
  await dialog.getByLabel('Codice').and(page.locator('[aria-invalid=true]')).waitFor();
  await check(page);
  await picture(page, 'new-package-1400');
  await dialog.getByLabel('Codice').fill(`prova-${RUN}`);
  await save.click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: `prova-${RUN}` });
  await row.getByText('365 giorni').waitFor();
  await row.getByRole('button', { name: `Modifica Prova (prova-${RUN})` }).click();
  dialog = page.getByRole('dialog', { name: `Modifica Prova (prova-${RUN})` });
  await dialog.getByLabel('Prezzo').fill('45');
  await dialog.getByText(/^0,0225.€ per credito\.$/).waitFor();
  await dialog.getByLabel(/^Valido per/).fill('');
  await check(page);
  await picture(page, 'edit-package-1400');
  await dialog.getByRole('button', { name: 'Salva' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('senza limite').waitFor();
  await row.getByText(/^45,00.€$/).waitFor();
  await row.getByRole('button', { name: `Archivia Prova (prova-${RUN})` }).click();
  dialog = page.getByRole('dialog', { name: `Archivia Prova (prova-${RUN})` });
  await check(page);
  await dialog.getByRole('button', { name: 'Archivia' }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByRole('switch', { name: 'Anche archiviati' }).click();
  await row.getByText('Archiviato', { exact: true }).waitFor();
  await page.close();
});

/**
 * A file for a file field.
 * @param {string} text
 */
const csv = (text) => ({ name: 'rates.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });

test('a rate card is published from a file, downloaded, and published again', async () => {
  const code = `run-${RUN}`;
  const page = await openPart(english, 'rateCards');
  await page.getByRole('button', { name: 'Publish a rate card' }).click();
  const dialog = page.getByRole('dialog');
  const file = dialog.locator('input[type=file]');
  const save = dialog.getByRole('button', { name: 'Publish', exact: true });
  await dialog.getByLabel('Code').fill(code);
  await save.click();
  await dialog.getByText('Enter an amount').waitFor();
  await dialog.getByText('Choose a file.').waitFor();

  // Errors are shown with their lines, and nothing can be published.
  await file.setInputFiles(csv('country,sms,mms\nIT,1,3\nItaly,1,3\nFR,"1,5",\nIT,2,2\n'));
  const errors = dialog.getByRole('table', { name: 'Errors by line' });
  await errors.waitFor();
  assert.deepEqual(
    (await textsOf(errors.locator('tbody tr td:first-child'))).map(Number),
    [3, 4, 5],
  );
  assert.ok(await save.isDisabled());
  await check(page);
  await picture(page, 'rates-errors-1400');

  // What the server refuses is shown with its line, too.
  await dialog.getByLabel('Value of a credit').fill('0.0125');
  await file.setInputFiles(csv('country,sms,mms\nIT,1,3\nXQ,1,3\n'));
  await save.click();
  await dialog.getByText(/^Line 3: /).waitFor();
  await file.setInputFiles(csv('country,sms,mms\nIT,1,3\nFR,1.5,\n*,2,5\n'));
  await dialog.getByText('3 country rows.').waitFor();
  await save.click();
  await dialog.waitFor({ state: 'detached' });
  const first = page.getByRole('row').filter({ hasText: code }).first();
  await first.getByText('€0.0125').waitFor();

  const download = page.waitForEvent('download');
  await first.getByRole('button', { name: `Download CSV of ${code}, version 1` }).click();
  const saved = await download;
  assert.equal(saved.suggestedFilename(), `rates-${code}-1.csv`);
  const text = await readFile(await saved.path(), 'utf8');
  assert.equal(text, 'country,sms,mms\r\nFR,1.5,\r\nIT,1,3\r\n*,2,5\r\n');

  await first.getByRole('button', { name: `Publish a new version of ${code}` }).click();
  await file.setInputFiles(csv(text));
  await dialog.getByText('The rates are those of version 1.').waitFor();
  await file.setInputFiles(csv('country;sms;mms\r\nIT;1,25;3\r\nDE;1;\r\n*;2;5\r\n'));
  await dialog.getByText('Against version 1: 1 changed, 1 added, 1 removed.').waitFor();
  const changes = dialog.getByRole('table', { name: /^Rates that change/ });
  assert.deepEqual(await textsOf(changes.locator('tbody tr')), [
    'Germany1not servedadded',
    'France1.5not servedremoved',
    'Italy1 → 1.253changed',
  ]);
  await dialog.getByText(`It becomes version 2 of ${code}`).waitFor();
  for (const width of [1400, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
    await picture(page, `rates-preview-${width}`);
  }
  await save.click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: `Download CSV of ${code}, version 2` }).waitFor();
  await page.close();
});

test('platform keys are made for platform roles', async () => {
  const page = await openPart(english, 'keys');
  await page.getByRole('button', { name: 'Create a key' }).click();
  const dialog = page.getByRole('dialog');
  assert.deepEqual(await dialog.getByRole('radio').count(), 2);
  await dialog.getByLabel('Name').fill(`Key ${RUN}`);
  await dialog.getByRole('button', { name: 'Create a key' }).click();
  assert.match(await dialog.getByLabel('API key').inputValue(), /^mc_/);
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  const row = page.getByRole('row').filter({ hasText: `Key ${RUN}` });
  await row.getByText('Account manager').waitFor();
  await row.getByRole('button', { name: `Revoke Key ${RUN}` }).click();
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
  await row.getByText(/^Revoked /).waitFor();
  await page.close();
});

test('account managers read the platform’s page and are offered no change', async () => {
  const page = await openPart(english, 'keys', await platformKey('ACCOUNT_MANAGER'));
  await page.getByRole('table', { name: 'All accounts' }).waitFor();
  assert.equal(await page.getByRole('tab', { name: 'API keys' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Create an? / }).count(), 0);
  await page.getByRole('tab', { name: 'Packages' }).click();
  await page.getByRole('table', { name: 'Packages of all currencies' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Create an? |Archive)/ }).count(), 0);
  await page.close();
});

test('an owner at the platform’s address sees their own account', async () => {
  const account = await createAccount(`Owner ${RUN}`);
  const page = await openPart(english, '', await createKey(account, 'OWNER'));
  await page.getByRole('heading', { level: 1, name: `Owner ${RUN}` }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Platform' }).count(), 0);
  await page.goto(`${SERVER}/#/platform`);
  await page.getByRole('heading', { level: 1, name: `Owner ${RUN}` }).waitFor();
  await page.close();
});
