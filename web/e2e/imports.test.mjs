// @ts-check
// Imports of large files: their progress, canceled or left to run, and found again after a reload.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { archive, createAccount, createKey, createList, latestImport } from './api.mjs';
import { openBrowser } from './browser.mjs';
import { check, openWith, picture, textsOf } from './screen.mjs';

/** @type {Record<'en' | 'it', Awaited<ReturnType<typeof openBrowser>>>} */
let browsers;
/** @type {string} */
let account;
/** @type {string} */
let member;

before(async () => {
  browsers = { en: await openBrowser(), it: await openBrowser('it-IT') };
  account = await createAccount(`Imports test ${Date.now()}`);
  member = await createKey(account, 'MEMBER');
});

after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

afterEach(() => {
  for (const browser of Object.values(browsers)) assert.deepEqual(browser.offences.splice(0), []);
});

const TEXTS = {
  en: {
    importInto: 'Import contacts into',
    start: 'Import',
    reading: 'Importing clienti.csv',
    cancel: 'Cancel the import',
    close: 'Close, the import goes on',
    running: 'Running imports',
    canceled: 'The import was canceled',
    canceledWord: 'canceled',
    kept: 'that were added before stay in the list',
    imported: / imported$/,
    done: /into .*: done, .* imported\.$/,
    stopped: 'The import stopped before the file’s end',
    latest: 'Latest imports',
    another: 'Import another file',
  },
  it: {
    importInto: 'Importa contatti in',
    start: 'Importa',
    reading: 'Importazione di clienti.csv',
    cancel: 'Annulla l’importazione',
    close: 'Chiudi, l’importazione continua',
    running: 'Importazioni in corso',
    canceled: 'L’importazione è stata annullata',
    canceledWord: 'annullata',
    kept: 'contatti già aggiunti restano nella lista',
    imported: / importati$/,
    done: /in .*: completata, .* importati\.$/,
    stopped: 'L’importazione si è fermata prima della fine del file',
    latest: 'Ultime importazioni',
    another: 'Importa un altro file',
  },
};

/**
 * A file of as many contacts, each with a number of its own.
 * @param {number} rows
 */
function file(rows) {
  const lines = Array.from({ length: rows }, (_, row) => `+39${3_400_000_000 + row},Ada ${row}`);
  const buffer = Buffer.from(`Telefono,Nome\n${lines.join('\n')}\n`);
  return { name: 'clienti.csv', mimeType: 'text/csv', buffer };
}

/**
 * Opens the page, and begins an import into a list.
 * @param {'en' | 'it'} language
 * @param {string} name the list's
 * @param {number} rows
 */
async function begin(language, name, rows) {
  const texts = TEXTS[language];
  const page = await openWith(browsers[language], member);
  await page.getByRole('button', { name: `${texts.importInto} ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles(file(rows));
  await dialog.getByRole('button', { name: texts.start, exact: true }).click();
  await dialog.getByText(texts.reading).waitFor();
  return { page, dialog, texts };
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`a running import is found after a reload, and canceled, in ${language}`, async () => {
    const name = `Canceled ${language}`;
    const list = await createList(account, name);
    const { page, dialog, texts } = await begin(language, name, 400_000);
    const bar = dialog.getByRole('progressbar', { name: texts.reading });
    await page.waitForFunction(
      () => Number(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')) > 0,
    );
    await picture(page, `import-progress-${language}-1400`);
    await dialog.getByRole('button', { name: texts.close }).click();
    await dialog.waitFor({ state: 'detached' });
    const strip = page.getByRole('region', { name: texts.running });
    await strip.getByText(name).waitFor();

    await page.reload();
    await strip.getByText(name).waitFor();
    await page.setViewportSize({ width: 390, height: 900 });
    await check(page);
    await picture(page, `import-running-${language}-390`);
    // By the list's own button, too, it is the running import that opens.
    await page.getByRole('button', { name: `${texts.importInto} ${name}` }).click();
    await bar.waitFor();
    await check(page);
    await picture(page, `import-progress-${language}-390`);
    await dialog.getByRole('button', { name: texts.cancel }).click();

    await dialog.getByText(texts.canceled).waitFor();
    const heading = dialog.getByRole('heading', { name: texts.imported });
    assert.ok(await heading.evaluate((it) => it === document.activeElement));
    await dialog.getByText(texts.kept).waitFor();
    const { contactCount, latest } = await latestImport(list);
    assert.equal(latest?.status, 'CANCELED');
    assert.equal(latest?.importedCount, contactCount);
    assert.ok(contactCount > 0 && contactCount < 400_000, `${contactCount} contacts`);
    const shown = (await heading.textContent())?.replace(/\D/g, '');
    assert.equal(shown, String(contactCount));
    for (const width of [390, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `import-canceled-${language}-${width}`);
    }
    await dialog.getByRole('button', { name: texts.another }).click();
    await dialog.getByRole('table', { name: texts.latest }).getByText(texts.canceledWord).waitFor();
    for (const width of [390, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `import-latest-${language}-${width}`);
    }
    await page.keyboard.press('Escape');
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    const cells = await textsOf(row.getByRole('cell'));
    assert.equal(cells[0]?.replace(/\D/g, ''), String(contactCount));
    await page.close();
  });

  test(`an import whose dialog is closed runs to its end, in ${language}`, async () => {
    const name = `Left ${language}`;
    const list = await createList(account, name);
    const { page, dialog, texts } = await begin(language, name, 150_000);
    await dialog.getByRole('button', { name: texts.close }).click();
    const strip = page.getByRole('region', { name: texts.running });
    await strip.getByText(texts.done).waitFor({ timeout: 60_000 });
    assert.equal((await latestImport(list)).contactCount, 150_000);
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    await row.getByText(language === 'en' ? '150,000' : '150.000').waitFor();
    for (const width of [390, 1400]) {
      await page.setViewportSize({ width, height: 900 });
      await check(page);
      await picture(page, `import-ended-${language}-${width}`);
    }
    await strip.getByRole('button').click();
    await dialog.getByRole('heading', { name: texts.imported }).waitFor();
    await page.keyboard.press('Escape');
    await strip.waitFor({ state: 'detached' });
    await page.close();
  });

  test(`an import that stopped says why, in ${language}`, async () => {
    const name = `Stopped ${language}`;
    const list = await createList(account, name);
    const { page, dialog, texts } = await begin(language, name, 400_000);
    await archive(list);
    const alert = dialog.getByRole('alert').filter({ hasText: texts.stopped });
    await alert.getByText(/archived|archiviata/).waitFor();
    await check(page);
    await picture(page, `import-stopped-${language}-1400`);
    await page.close();
  });
}

test('an upload is canceled before the server has the file', async () => {
  const name = 'Withdrawn';
  const list = await createList(account, name);
  const page = await openWith(browsers.en, member);
  await page.getByRole('button', { name: `Import contacts into ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles(file(400_000));
  const start = dialog.getByRole('button', { name: 'Import', exact: true });
  await start.waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 500_000,
  });
  await start.click();
  await dialog.getByText('Uploading clienti.csv').waitFor();
  await check(page);
  await picture(page, 'import-sending-en-1400');
  await dialog.getByRole('button', { name: 'Cancel the import' }).click();
  // The form is as it was, to be sent again.
  await start.waitFor();
  await check(page);
  assert.deepEqual(await latestImport(list), { contactCount: 0, latest: undefined });
  await page.close();
});
