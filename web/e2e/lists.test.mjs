// @ts-check
// Contact lists: created, renamed and archived; the rejected rows of an import as a file.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, createList } from './api.mjs';
import { openBrowser } from './browser.mjs';
import { check, openWith, picture } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** @type {string} */
let account;
/** @type {string} */
let member;

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
  account = await createAccount(`Lists test ${Date.now()}`);
  member = await createKey(account, 'MEMBER');
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

test('a list is created, renamed, and archived after a question', async () => {
  const page = await openWith(english, member);
  await page.getByText('No contact lists yet.').waitFor();
  await page.getByRole('button', { name: 'Create a list' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Create a list' }).click();
  await dialog.getByLabel('Name').and(page.locator('[aria-invalid=true]')).waitFor();
  await check(page);
  await dialog.getByLabel('Name').fill('Summer');
  await dialog.getByRole('button', { name: 'Create a list' }).click();
  await page.getByRole('button', { name: 'Edit Summer', exact: true }).click();
  await dialog.getByLabel('Name').fill('Autumn');
  await check(page);
  await picture(page, 'list-edit-1400');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('rowheader', { name: 'Autumn' }).waitFor();
  for (const width of [1400, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
    await picture(page, `lists-${width}`);
  }
  await page.getByRole('button', { name: 'Edit Autumn', exact: true }).click();
  await dialog.getByRole('button', { name: 'Archive this list…' }).click();
  dialog = page.getByRole('dialog', { name: 'Archive Autumn' });
  await dialog.getByText('The list can be restored, without its contacts.').waitFor();
  await check(page);
  await dialog.getByRole('button', { name: 'Archive', exact: true }).click();
  await page.getByText('No contact lists yet.').waitFor();

  await page.getByRole('button', { name: 'Archived lists' }).click();
  dialog = page.getByRole('dialog', { name: 'Archived lists' });
  await dialog.getByRole('rowheader', { name: 'Autumn' }).waitFor();
  for (const width of [390, 1400]) {
    await page.setViewportSize({ width, height: 900 });
    await check(page);
    await picture(page, `archived-lists-${width}`);
  }
  await dialog.getByRole('button', { name: 'Restore Autumn' }).click();
  await dialog.getByText('No list is archived.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('rowheader', { name: 'Autumn' }).waitFor();
  await page.close();
});

test('the rejected rows of an import are a file that can be imported again', async () => {
  await createList(account, 'Rejected');
  const page = await openWith(italian, member);
  await page.getByRole('button', { name: 'Importa contatti in Rejected' }).click();
  const dialog = page.getByRole('dialog');
  const bad = Array.from({ length: 1200 }, (_, index) => `=bad ${index}`);
  await dialog.locator('input[type=file]').setInputFiles({
    name: 'clienti.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`Telefono\n+393401234567\n${bad.join('\n')}\n`),
  });
  await dialog.getByRole('button', { name: 'Importa', exact: true }).click();
  const button = dialog.getByRole('button', { name: 'Scarica le righe rifiutate' });
  await button.waitFor();
  await check(page);
  const download = page.waitForEvent('download');
  await button.click();
  const saved = await download;
  assert.match(saved.suggestedFilename(), /\.xlsx$/);

  // The file has the columns of the first one, so that it can be corrected and imported.
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Importa contatti in Rejected' }).click();
  await dialog.locator('input[type=file]').setInputFiles({
    name: saved.suggestedFilename(),
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    buffer: await readFile(await saved.path()),
  });
  await dialog.getByText(/^Cartella di Excel/).waitFor();
  await dialog.getByText('=bad 0', { exact: true }).first().waitFor();
  await check(page);
  await page.close();
});

test('a viewer is offered no change of lists', async () => {
  const page = await openWith(english, await createKey(account, 'VIEWER'));
  await page.getByRole('rowheader', { name: 'Rejected' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Create|Edit)/ }).count(), 0);
  await page.close();
});
