// @ts-check
// What the platform decides about one account: grants, terms and the payments connection.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, grant } from './api.mjs';
import { KEY, openBrowser } from './browser.mjs';
import { check, openWith, picture } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** @type {string} */
let account;

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
  account = await createAccount(`Administration test ${Date.now()}`);
  await grant(account, undefined, '20.5');
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

/**
 * Opens the administration of the account.
 * @param {Awaited<ReturnType<typeof openBrowser>>} browser
 * @param {string} [key]
 */
async function open(browser, key = KEY) {
  const page = await openWith(browser, key);
  await page.evaluate((id) => {
    location.hash = `#account=${id}&tab=administration`;
  }, account);
  return page;
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`administration fits every screen, in ${language}`, async () => {
    const page = await open(language === 'en' ? english : italian);
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.getByText('browser test').waitFor();
      await page.getByText(/^(Not connected|Non collegato)/).waitFor();
      await check(page);
      await picture(page, `administration-${language}-${width}`);
    }
    await page.close();
  });
}

test('credits are granted with a reason, and their effect is said before', async () => {
  const page = await open(english);
  await page.getByRole('button', { name: 'Grant credits' }).click();
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Grant credits' });
  await save.click();
  await dialog.getByText('Enter a number of credits').waitFor();
  await dialog.getByLabel('Credits').fill('1,500');
  await dialog.getByText('1,500 credits', { exact: true }).waitFor();
  await dialog.getByText('Available afterwards: 1,520.5 instead of 20.5.').waitFor();
  await save.click();
  await dialog.getByLabel('Reason').and(page.locator('[aria-invalid=true]')).waitFor();
  await check(page);
  await picture(page, 'grant-1400');
  await dialog.getByLabel('Usable through').fill('2099-03-30');
  await dialog.getByLabel('Reason').fill('Late delivery');
  await save.click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: 'Late delivery' });
  await row.getByText('30 Mar 2099').waitFor();
  await row.getByText('1,500.0', { exact: true }).waitFor();
  await page.getByText('1,520.5').first().waitFor();
  await page.close();
});

test('credits are taken from one lot, and no more than it has', async () => {
  await grant(account, '2098-01-01', '300');
  const page = await open(english);
  const row = page.getByRole('row').filter({ hasText: '31 Dec 2097' });
  await row.getByRole('button', { name: /^Take back from Grant of/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('From this lot (Grant), which has 300 credits left.').waitFor();
  await dialog.getByLabel('Credits').fill('301');
  await dialog.getByText('That is 1 more than there are.').waitFor();
  await dialog.getByLabel('Reason').fill('Granted by mistake');
  await dialog.getByRole('button', { name: 'Take credits back' }).click();
  await dialog
    .getByText(/301 credits are needed|At most 300|300/)
    .last()
    .waitFor();
  await check(page);
  await picture(page, 'take-back-1400');
  await dialog.getByLabel('Credits').fill('299');
  await dialog.getByText('Left afterwards: 1.').waitFor();
  await dialog.getByRole('button', { name: 'All' }).click();
  await dialog.getByText('Left afterwards: 0.').waitFor();
  await dialog.getByRole('button', { name: 'Take credits back' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await page.close();
});

test('the platform sets the fee, the settlement and the retention of an account', async () => {
  const page = await open(italian);
  await page.getByRole('button', { name: 'Modifica le condizioni' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Canone mensile/).fill('49,90');
  await dialog.getByRole('radio', { name: 'Come comunicato' }).check();
  await dialog.getByLabel('Listino').selectOption('example');
  await dialog.getByLabel(/^Mesi/).fill('dodici');
  await dialog.getByRole('button', { name: 'Salva' }).click();
  await dialog.getByText('Scrivi un numero intero di mesi').waitFor();
  await dialog.getByLabel(/^Mesi/).fill('12');
  await dialog.getByText('Non si possono ripristinare.').waitFor();
  await check(page);
  await page.setViewportSize({ width: 390, height: 900 });
  await check(page);
  await picture(page, 'terms-390');
  await dialog.getByRole('button', { name: 'Salva' }).click();
  await dialog.waitFor({ state: 'detached' });
  const figure = (/** @type {string} */ name) => page.locator(`[data-figure="${name}"]`);
  await figure('Canone mensile').getByText('49,90').waitFor();
  assert.equal(await figure('Listino').textContent(), 'example, versione 1');
  assert.equal(await figure('I testi si cancellano dopo').textContent(), '12 mesi');
  assert.equal(
    await figure('I messaggi programmati si addebitano').textContent(),
    'Come comunicato',
  );
  await page.close();
});

test('payments are connected, and disconnected after a question', async () => {
  const page = await open(english);
  await page.getByRole('button', { name: 'Connect payments' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Connect payments' }).click();
  await dialog.getByLabel('Shop or customer').and(page.locator('[aria-invalid=true]')).waitFor();
  await dialog.getByRole('button', { name: 'Add a credential' }).click();
  await dialog.getByLabel('Credential 1').fill('accessToken');
  await dialog.getByLabel('Value 1').fill('secret');
  // The sandbox takes no credentials, and only its own customers.
  await dialog.getByLabel('Shop or customer').fill('approve');
  await dialog.getByRole('button', { name: 'Connect payments' }).click();
  await dialog
    .getByText(/credential/i)
    .and(page.getByRole('alert'))
    .waitFor();
  await check(page);
  await picture(page, 'connect-1400');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Connect payments' }).click();
  await dialog.getByLabel('Shop or customer').fill('approve');
  await dialog.getByRole('button', { name: 'Connect payments' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Payments are possible.').waitFor();
  await check(page);
  await page.getByRole('button', { name: 'Disconnect' }).click();
  dialog = page.getByRole('dialog', { name: 'Disconnect' });
  await dialog.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByText('Not connected to the payment provider.').waitFor();
  await page.close();
});

test('owners are not offered the platform’s part of their account', async () => {
  const owner = await createKey(account, 'OWNER');
  const page = await open(english, owner);
  await page.getByRole('tab', { name: 'Settings' }).waitFor();
  assert.equal(await page.getByRole('tab', { name: 'Administration' }).count(), 0);
  await page.getByRole('heading', { name: 'Contact lists' }).waitFor();
  await page.close();
});
