// @ts-check
// The settings of an account: its time zone and its lots, its API keys, and its monthly reports.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createAccount, createKey, grant } from './api.mjs';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check, openWith, picture } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let english;
/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let italian;
/** @type {string} */
let account;
/** @type {string} */
let owner;

before(async () => {
  [english, italian] = await Promise.all([openBrowser(), openBrowser('it-IT')]);
  account = await createAccount(`Settings test ${Date.now()}`);
  owner = await createKey(account, 'OWNER');
  await grant(account, '2099-03-31', '5000');
  await grant(account, undefined, '20');
});

after(() => Promise.all([english.close(), italian.close()]));

afterEach(() => {
  assert.deepEqual([...english.offences.splice(0), ...italian.offences.splice(0)], []);
});

/**
 * Opens an account's settings.
 * @param {Awaited<ReturnType<typeof openBrowser>>} browser
 * @param {string} key
 */
async function openSettings(browser, key) {
  const page = await openWith(browser, key);
  await page.evaluate((id) => {
    location.hash = `#account=${id}&tab=settings`;
  }, account);
  await page.getByRole('heading', { name: /^(Monthly reports|Report mensili)$/ }).waitFor();
  return page;
}

for (const language of /** @type {const} */ (['en', 'it'])) {
  test(`settings fit every screen, in ${language}`, async () => {
    const page = await openSettings(language === 'en' ? english : italian, owner);
    for (const width of [1400, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page
        .getByText(/browser test/)
        .first()
        .waitFor();
      await check(page);
      await picture(page, `settings-${language}-${width}`);
    }
    await page.close();
  });
}

test('a time zone says what it does to expiry before it is saved', async () => {
  const page = await openSettings(english, owner);
  await page.getByRole('button', { name: 'Change the account' }).click();
  const dialog = page.getByRole('dialog');
  const zone = dialog.getByRole('combobox', { name: 'Time zone' });
  await zone.fill('New_York');
  await page.getByRole('option', { name: 'America/New_York' }).click();
  await dialog
    .getByText(
      'The next 5,000 credits to expire, usable through 30 Mar 2099, can be used until 31 Mar 2099, 06:00 instead of 31 Mar 2099, 00:00 (both in Europe/Rome).',
    )
    .waitFor();
  await check(page);
  await picture(page, 'zone-1400');
  await page.setViewportSize({ width: 390, height: 900 });
  await check(page);
  await picture(page, 'zone-390');
  await dialog.getByRole('radio', { name: 'Those that expire soonest' }).check();

  // An origin that is refused is named; nothing was saved.
  await dialog.getByLabel('Pages to return to').fill('https://shop.example\nnot an address');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByLabel('Pages to return to').and(page.locator('[aria-invalid=true]')).waitFor();
  await check(page);
  await dialog.getByLabel('Pages to return to').fill('https://shop.example\n\n');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Days in America/New_York').waitFor();
  const figure = (/** @type {string} */ name) => page.locator(`[data-figure="${name}"]`);
  assert.equal(await figure('Time zone').textContent(), 'America/New_York');
  assert.equal(await figure('Credits spent first').textContent(), 'Those that expire soonest');
  assert.equal(await figure('Pages to return to').textContent(), 'https://shop.example');
  await page.close();
});

test('a key is shown once, works, and is revoked after a question', async () => {
  const page = await openSettings(english, owner);
  await page.getByRole('button', { name: 'Create a key' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Create a key' }).click();
  await dialog.getByLabel('Name').and(page.locator('[aria-invalid=true]')).waitFor();
  assert.equal(await dialog.getByRole('radio', { name: 'Sending service' }).count(), 0);
  await dialog.getByLabel('Name').fill('Web shop');
  await dialog.getByRole('radio', { name: 'Member' }).check();
  await dialog.getByLabel('Last day').fill('2099-12-31');
  await dialog.getByText('The key stops working on 1 Jan 2100, 00:00').waitFor();
  await check(page);
  await picture(page, 'new-key-1400');
  await dialog.getByRole('button', { name: 'Create a key' }).click();
  dialog = page.getByRole('dialog', { name: 'Your new key' });
  const secret = await dialog.getByLabel('API key').inputValue();
  assert.match(secret, /^mc_/);
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await dialog
    .getByRole('status')
    .getByText(/Copied\.|The key is selected/)
    .waitFor();
  await check(page);
  await picture(page, 'secret-1400');
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await viewerRole(secret), 'MEMBER');

  const row = page.getByRole('row').filter({ hasText: 'Web shop' });
  await row.getByText('1 Jan 2100, 00:00').waitFor();
  await row.getByText(`${secret.slice(0, 9)}…`).waitFor();
  await row.getByRole('button', { name: 'Revoke Web shop' }).click();
  dialog = page.getByRole('dialog', { name: 'Revoke Web shop' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await viewerRole(secret), 'MEMBER');
  await row.getByRole('button', { name: 'Revoke Web shop' }).click();
  await check(page);
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
  await row.getByText(/^Revoked /).waitFor();
  assert.equal(await viewerRole(secret), undefined);
  await page.close();
});

test('a key is replaced by a new one, and goes on for as long as was chosen', async () => {
  const old = await createKey(account, 'VIEWER', 'Wall screen');
  const page = await openSettings(english, owner);
  await page.getByRole('button', { name: 'Replace Wall screen' }).click();
  let dialog = page.getByRole('dialog', { name: 'Replace Wall screen' });
  await dialog.getByLabel('One hour').check();
  await check(page);
  await picture(page, 'replace-key-1400');
  await dialog.getByRole('button', { name: 'Replace' }).click();
  dialog = page.getByRole('dialog', { name: 'Your new key' });
  const secret = await dialog.getByLabel('API key').inputValue();
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(await Promise.all([old, secret].map(viewerRole)), ['VIEWER', 'VIEWER']);

  const row = page.getByRole('row').filter({ hasText: `${secret.slice(0, 9)}…` });
  await row.getByRole('button', { name: 'Replace Wall screen' }).click();
  dialog = page.getByRole('dialog', { name: 'Replace Wall screen' });
  await dialog.getByLabel('Not at all: it stops at once').check();
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'I have kept it' }).click();
  await row.getByText(/^Revoked /).waitFor();
  assert.deepEqual(await Promise.all([old, secret].map(viewerRole)), ['VIEWER', undefined]);
  await page.close();
});

test('all other keys are revoked at once, and the one in use goes on', async () => {
  const other = await createKey(account, 'VIEWER');
  const page = await openSettings(english, owner);
  await page.getByRole('button', { name: 'Revoke all others' }).click();
  const dialog = page.getByRole('dialog');
  await check(page);
  await dialog.getByRole('button', { name: 'Revoke all others' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await viewerRole(other), undefined);
  assert.equal(await viewerRole(owner), 'OWNER');
  await page.close();
});

test('monthly reports are turned on, and say when the next one comes', async () => {
  const page = await openSettings(english, KEY);
  await page.getByRole('button', { name: 'Set up monthly reports' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Format').selectOption('CSV file');
  await dialog.getByLabel('Usage over time by').selectOption('Week');
  await check(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText(/CSV file, usage by weeks\. The next one is made on 1 /).waitFor();
  await page.getByRole('button', { name: 'Change monthly reports' }).click();
  await dialog.getByRole('switch').click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Off. No report is made by itself').waitFor();
  await page.close();
});

test('a viewer reads the settings, and is offered no change and no keys', async () => {
  const viewer = await createKey(account, 'VIEWER');
  const page = await openSettings(english, viewer);
  await page.getByText('Off. No report is made by itself').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'API keys' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Change/ }).count(), 0);
  await check(page);
  await page.close();
});

/**
 * The role that the server gives a key; undefined if it is refused.
 * @param {string} key
 * @returns {Promise<string | undefined>}
 */
async function viewerRole(key) {
  const response = await fetch(`${SERVER}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: '{ viewer { role } }' }),
  });
  return response.ok ? (await response.json()).data?.viewer.role : undefined;
}
