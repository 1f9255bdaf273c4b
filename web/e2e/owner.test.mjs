// @ts-check
// An owner's page in both languages: numbers, quotes, packages, names, roles, and its weight.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  allocate,
  assigned,
  createAccount,
  createKey,
  createList,
  grant,
  importCsv,
} from './api.mjs';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check, openWith, textsOf } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** @type {string} */
let account;
/** @type {string} */
let owner;
/** @type {Record<'limited' | 'counted' | 'stored' | 'arabic', string>} */
let lists;

const ARABIC = 'قائمة العملاء المميزين في جميع الفروع والمدن الكبرى';
const CONTACTS = `Phone,firstName
+393401234501,Ada
+393401234502,${'Bartolomea '.repeat(14)}
+393401234503,
`;

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
  account = await createAccount(`Owner test ${Date.now()} ${ARABIC}`);
  owner = await createKey(account, 'OWNER');
  await grant(account, undefined, '11731.5');
  lists = {
    limited: await createList(account, 'Limited', [{ countryCode: 'IT', recipientCount: 4000 }]),
    counted: await createList(account, 'Counted', [{ countryCode: 'IT', recipientCount: 20 }]),
    stored: await createList(account, 'Stored'),
    arabic: await createList(account, ARABIC),
  };
  await importCsv(lists.stored, CONTACTS);
  await allocate(account, lists.limited, '100');
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

test('an Italian reader’s 1.500 is 1,500 credits, and 1,500 is refused', async () => {
  const page = await openWith(italian, owner);
  assert.equal(await page.locator('html').getAttribute('lang'), 'it');
  await page.getByRole('button', { name: 'Modifica limiti di Limited' }).click();
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel('Crediti assegnati');
  await field.fill('1,500');
  await dialog.getByText('Può voler dire 1.500 oppure 1,5. Scrivi uno dei due.').waitFor();
  await dialog.getByRole('button', { name: 'Salva' }).click();
  assert.equal(await assigned(lists.limited), '100');
  await check(page);
  await field.fill('1.500');
  await dialog.getByText('1.500 crediti', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Salva' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await assigned(lists.limited), '1500');
  await page.getByRole('cell', { name: '1.500', exact: true }).waitFor();
  await page.close();
});

test('an English reader’s 1.500 is refused, and the server’s figures are grouped', async () => {
  await allocate(account, lists.limited, '100');
  const page = await openWith(english, owner);
  await page.getByRole('button', { name: 'Edit limits of Limited' }).click();
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel('Assigned credits');
  await field.fill('1.500');
  await dialog.getByText('This can mean 1,500 or 1.5. Write one of the two.').waitFor();
  await field.fill('20000');
  await dialog.getByText('20,000 credits', { exact: true }).waitFor();
  await dialog.getByText('Unassigned now: 11,631.5 credits. Afterwards: -8,268.5.').waitFor();
  await dialog.getByText('That is 8,268.5 more than there is.').waitFor();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('19,900 credits are needed and 11,631.5 are available.').waitFor();
  await page.close();
});

test('the language is switched, and kept', async () => {
  const page = await openWith(italian, owner);
  await page.getByRole('tab', { name: 'Preventivo' }).click();
  await page.getByRole('textbox', { name: 'Testo' }).fill('kept');
  await page.getByLabel('Lingua').selectOption('English');
  await page.getByRole('tab', { name: 'Quote' }).waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Text' }).inputValue(), 'kept');
  await page.reload();
  await page.getByRole('tab', { name: 'Quote' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.getByLabel('Language').selectOption('Italiano');
  await page.getByRole('tab', { name: 'Preventivo' }).waitFor();
  await page.close();
});

/**
 * Quotes a text for a list.
 * @param {import('playwright-core').Page} page
 * @param {string} list
 * @param {string} text
 */
async function quote(page, list, text) {
  await page.getByRole('tab', { name: 'Quote' }).click();
  await page.getByRole('textbox', { name: 'Text' }).fill(text);
  await page.getByRole('combobox', { name: 'Contact list' }).click();
  await page.getByRole('option', { name: list }).click();
}

test('a quote shows each contact’s segments, and a merge field that nobody has', async () => {
  const page = await openWith(english, owner);
  await page.getByRole('tab', { name: 'Quote' }).click();
  await page.getByRole('textbox', { name: 'Text' }).fill('Hello {{firstName|you}}');
  await page.getByText('Choose a list: merge fields are counted').waitFor();

  await quote(page, 'Stored', 'Hello {{firstName|you}}, {{frstName}} come in.');
  await page.getByRole('alert').getByText('No contact of the list has the merge field').waitFor();
  await page
    .getByRole('textbox', { name: 'Text' })
    .fill('Hello {{firstName|you}}, {{frstName|do}} come in.');
  const segments = page.getByRole('region', { name: 'Segments' });
  await segments.getByText('SMS in plain characters: 2 segments.').waitFor();
  await segments.getByText('Bartolomea').first().waitFor();
  await segments.getByText('1 segment: 2 recipients · 2 segments: 1 recipient').waitFor();
  await segments.getByText('Shortest text').click();
  await segments.getByText('Hello Ada, do come in.').waitFor();
  await segments.getByText('With fallbacks').click();
  await segments.getByText('Hello you, do come in.').waitFor();
  await segments.getByText('{').waitFor({ state: 'detached' });
  await segments.getByText('A contact’s').click();
  await segments.getByRole('combobox', { name: 'Contact' }).fill('bartolo');
  await page.getByRole('option', { name: /Bartolomea/ }).click();
  await segments
    .getByText(/^Hello Bartolomea/)
    .first()
    .waitFor();
  await segments.getByText('SMS in plain characters: 2 segments.').waitFor();
  await page.getByRole('alert').getByText('None of the 3 contacts has a value for it.').waitFor();
  await page.getByText('1 contact has no value for').waitFor();
  await check(page);
  await page.close();
});

test('what the server refuses is read in the page’s language', async () => {
  const page = await openWith(italian, owner);
  await page.getByRole('tab', { name: 'Preventivo' }).click();
  await page.getByRole('textbox', { name: 'Testo' }).fill('Ciao {{frstName}}');
  await page.getByRole('combobox', { name: 'Lista di contatti' }).click();
  await page.getByRole('option', { name: 'Stored' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Nessun contatto della lista ha il campo personalizzato').waitFor();
  // The other language asks again, instead of showing what it has.
  await page.getByLabel('Lingua').selectOption('English');
  await alert.getByText('No contact of the list has the merge field').waitFor();
  await page.getByLabel('Language').selectOption('Italiano');
  await alert.getByText('Nessun contatto della lista').waitFor();
  await check(page);
  await page.close();
});

test('a quote says if the contacts aren’t stored', async () => {
  const page = await openWith(english, owner);
  await quote(page, 'Counted', 'Hello {{firstName|you}}');
  await page.getByText('The list holds head-counts, not contacts.').waitFor();
  await page.getByRole('region', { name: 'Segments' }).getByText('Hello you').waitFor();
  await page.close();
});

test('a quote that is short on a limited list raises the limit, and sells no package', async () => {
  await allocate(account, lists.limited, '100');
  const page = await openWith(english, owner);
  await quote(page, 'Limited', 'Hello');
  const alert = page.getByRole('alert').filter({ hasText: 'are missing' });
  await alert.getByText('11,631.5 credits are unassigned').waitFor();
  assert.doesNotMatch(await alert.innerText(), /package/i);
  await alert.getByRole('button', { name: 'Raise the limit' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel('Assigned credits').inputValue(), '4000');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await alert.waitFor({ state: 'detached' });
  assert.equal(await assigned(lists.limited), '4000');

  // Three segments each: more than all that is there.
  await page.getByRole('textbox', { name: 'Text' }).fill('x'.repeat(450));
  await page.getByRole('alert').getByText('bought credits don’t reach this list').waitFor();
  await page.getByRole('button', { name: 'See packages' }).click();
  await page.getByRole('tabpanel', { name: 'Packages' }).waitFor();
  await page.close();
});

test('packages are those of the account’s currency, with the price of a credit', async () => {
  const page = await openWith(english, owner);
  await page.getByRole('tab', { name: 'Packages' }).click();
  const table = page.getByRole('table', { name: /^Packages/ });
  await table.waitFor();
  const names = await textsOf(table.getByRole('rowheader'));
  assert.ok(names.length > 1);
  assert.equal(new Set(names).size, names.length, names.join());
  for (const row of await textsOf(table.locator('tbody tr'))) {
    assert.match(row, /€0\.\d{4}/);
    assert.doesNotMatch(row, /[$£]/);
  }
  await page.close();
});

test('a shared list repeats no pool, and an Arabic name is cut at its end', async () => {
  const page = await openWith(english, owner);
  const row = page.getByRole('row').filter({ hasText: 'Counted' });
  await row.getByRole('cell', { name: 'shared', exact: true }).waitFor();
  await page.close();

  const manager = await openWith(english, KEY);
  await manager.getByRole('searchbox', { name: 'Accounts' }).fill('قائمة العملاء');
  const name = manager.getByRole('navigation', { name: 'Accounts' }).getByText(ARABIC).first();
  await name.waitFor();
  // The name begins in Latin; a list's begins in Arabic.
  assert.equal(await name.evaluate((it) => getComputedStyle(it).textOverflow), 'ellipsis');
  await manager.getByRole('tab', { name: 'Quote' }).click();
  await manager.close();

  const quoting = await openWith(english, owner);
  await quoting.getByRole('tab', { name: 'Quote' }).click();
  await quoting.getByRole('combobox', { name: 'Contact list' }).click();
  const option = quoting.getByRole('option', { name: ARABIC }).locator('[dir=auto]');
  assert.equal(await option.evaluate((it) => getComputedStyle(it).direction), 'rtl');
  await quoting.close();
});

test('a role sees what it may do, and only an administrator is offered GraphiQL', async () => {
  const buttons = ['Edit limits of Limited', 'Import contacts into Limited'];
  const page = await openWith(english, owner);
  for (const name of buttons) await page.getByRole('button', { name }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'GraphiQL' }).count(), 0);
  await page.close();

  const viewer = await openWith(english, await createKey(account, 'VIEWER'));
  await viewer.getByRole('rowheader', { name: 'Limited' }).waitFor();
  for (const name of buttons) {
    assert.equal(await viewer.getByRole('button', { name }).count(), 0);
  }
  await viewer.getByRole('tab', { name: 'Packages' }).click();
  await viewer.getByRole('table', { name: /^Packages/ }).waitFor();
  assert.equal(await viewer.getByRole('button', { name: /^Buy/ }).count(), 0);
  await viewer.close();

  const sender = await openWith(english, await createKey(account, 'SENDER'));
  await sender.getByRole('rowheader', { name: 'Limited' }).waitFor();
  assert.deepEqual(await textsOf(sender.getByRole('tab')), ['Credits', 'Quote']);
  await quote(sender, 'Stored', 'Hello {{firstName|you}}');
  await sender.getByRole('region', { name: 'Segments' }).getByText('Hello you').waitFor();
  await sender.close();

  const admin = await openWith(english, KEY);
  await admin.getByRole('link', { name: 'GraphiQL' }).waitFor();
  await admin.close();
});

test('limits of all lists are changed on one screen, shown before they are saved', async () => {
  await allocate(account, lists.limited, '100');
  const page = await openWith(english, owner);
  await page.getByRole('tab', { name: 'Limits' }).click();
  const field = page.getByLabel('Credits of Limited');
  await field.fill('1.500');
  await page.getByText('1 number can’t be read yet.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
  // What is typed stays, though it is the same number for a moment.
  await field.fill('');
  await field.pressSequentially('100.05');
  assert.equal(await field.inputValue(), '100.05');
  await page.getByText('Limited: 100 → 100.05 (+0.05)').waitFor();

  await page.getByLabel('Own limit for Counted').check({ force: true });
  await page.getByLabel('Credits of Counted').fill('20,000');
  await page.getByText('Counted: shared → 20,000').waitFor();
  await page.getByRole('alert').getByText('more than there is').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
  await page.getByLabel('Credits of Counted').fill('31.5');
  await page.getByText('2 changes, not saved yet').waitFor();
  for (const width of [390, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
  }
  assert.equal(await assigned(lists.limited), '100');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await assigned(lists.limited), '100.05');
  assert.equal(await assigned(lists.counted), '31.5');
  await page.getByLabel('Own limit for Counted').uncheck({ force: true });
  await page.getByText('Counted: 31.5 → shared').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await assigned(lists.counted), null);
  await page.close();
});

test('an empty account shows the next step', async () => {
  const empty = await createAccount(`Empty ${Date.now()}`);
  const page = await openWith(english, await createKey(empty, 'OWNER'));
  await page.getByText('This account has no credits yet').waitFor();
  await page.getByRole('button', { name: 'See packages' }).click();
  await page.getByRole('button', { name: /^Buy / }).first().waitFor();
  await page.close();
});

test('who approves a payment comes back to it as paid, in their language', async () => {
  const page = await openWith(italian, owner);
  await page.getByRole('tab', { name: 'Pacchetti' }).click();
  await page
    .getByRole('button', { name: /^Acquista / })
    .first()
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Vai al pagamento' }).click();
  await page.waitForURL(/\/checkout\//);
  await page.getByRole('button', { name: /approve/i }).click();
  await page.waitForURL((url) => url.searchParams.has('purchase_id'));
  await page.getByRole('status').getByText('i crediti sono nell’account.').waitFor();
  await page.close();
});

test('axe finds no violation in Italian, and nothing is wider than the screen', async () => {
  const page = await openWith(italian, owner);
  for (const width of [1400, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const tab of ['Crediti', 'Limiti', 'Consumi', 'Preventivo', 'Pacchetti', 'Pagamenti']) {
      await page.getByRole('tab', { name: tab }).click();
      const panel = page.getByRole('tabpanel', { name: tab });
      await panel.waitFor();
      await panel.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      await check(page);
    }
  }
  await page.close();
});

test('the first screen needs less than 200 kB of compressed script', async () => {
  // A browser that has nothing of it yet, in the language whose texts are loaded besides.
  const visitor = await openBrowser('it-IT');
  const page = await visitor.newPage();
  /** @type {Promise<number>[]} */
  const sizes = [];
  page.on('requestfinished', (request) => {
    if (request.resourceType() !== 'script') return;
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await page.addInitScript((it) => sessionStorage.setItem('message-credits-api-key', it), owner);
  await page.goto(`${SERVER}/`);
  await page.getByRole('table').first().waitFor();
  await page.waitForLoadState('networkidle');
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  assert.ok(total > 50_000 && total < 200_000, `${total} bytes`);
  assert.deepEqual(visitor.offences, []);
  await visitor.close();
});
