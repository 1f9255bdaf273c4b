// @ts-check
// Contact lists: created, renamed and archived; the rejected rows of an import as a file; and many
// lists with long names.
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

test('of many lists with long names, each is found, and none is cut off', async () => {
  const many = await createAccount(`Many lists ${Date.now()}`);
  const names = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0 ? `${100 + index}${'1234567890'.repeat(4)}` : `قائمة العملاء المميزين ${index}`,
  );
  await Promise.all(names.map((name) => createList(many, name)));
  const owner = await createKey(many, 'OWNER');
  for (const [browser, more] of /** @type {const} */ ([
    [english, 'There are more lists: type a part of the name.'],
    [italian, 'Ci sono altre liste: scrivi una parte del nome.'],
  ])) {
    const page = await openWith(browser, owner);
    await page.getByRole('tab', { name: /^(Usage|Consumi)$/ }).click();
    const field = page.getByRole('combobox', { name: /^(Contact list|Lista di contatti)$/ });
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await field.click();
      const note = page.getByRole('option', { name: more });
      await note.scrollIntoViewIfNeeded();
      const cut = await page
        .getByRole('listbox')
        .evaluate((list) =>
          [...list.querySelectorAll('[role=option]')]
            .filter(
              (one) => one.getBoundingClientRect().right > list.getBoundingClientRect().right + 1,
            )
            .map((one) => one.textContent),
        );
      assert.deepEqual(cut, []);
      await picture(page, `many-lists-${width}`);
      await page.keyboard.press('Escape');
      await check(page);
    }
    await field.fill('مميزين 59');
    await page.getByRole('option', { name: names[59] ?? '' }).click();
    await page.waitForFunction(() => location.hash.includes('list='));
    // The name begins beside the button that clears it, not under it.
    const [padding, button] = await Promise.all([
      field.evaluate((input) => Number.parseFloat(getComputedStyle(input).paddingRight)),
      page.getByLabel(/^(Clear the list|Togli la lista)$/).boundingBox(),
    ]);
    const box = await field.boundingBox();
    assert.ok(box && button && box.x + box.width - padding <= button.x);
    await check(page);
    await page.close();
  }
});
