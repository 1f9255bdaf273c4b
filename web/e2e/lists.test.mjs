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
  await dialog.getByText('This can’t be undone.').waitFor();
  await check(page);
  await dialog.getByRole('button', { name: 'Archive', exact: true }).click();
  await page.getByText('No contact lists yet.').waitFor();
  await page.close();
});

test('all rejected rows of an import are downloaded, and none is a formula', async () => {
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
  assert.equal(saved.suggestedFilename(), 'clienti-rejected.csv');
  const lines = (await readFile(await saved.path(), 'utf8')).trimEnd().split('\r\n');
  assert.equal(lines.length, 1201);
  assert.equal(lines[0], '\ufeffline,value,reason');
  assert.ok(lines[1]?.startsWith("3,'=bad 0,"), lines[1]);
  assert.ok(lines[1200]?.startsWith("1202,'=bad 1199,"), lines[1200]);
  await page.close();
});

test('a viewer is offered no change of lists', async () => {
  const page = await openWith(english, await createKey(account, 'VIEWER'));
  await page.getByRole('rowheader', { name: 'Rejected' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Create|Edit)/ }).count(), 0);
  await page.close();
});
