// @ts-check
// GraphiQL as a newcomer meets it: the key, the examples, the documentation and the explorer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { KEY, openBrowser, SERVER } from './browser.mjs';
import { check } from './screen.mjs';

/** @type {Awaited<ReturnType<typeof openBrowser>>} */
let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

afterEach(() => {
  assert.deepEqual(browser.offences.splice(0), []);
});

const EXAMPLES = [
  'Segmentation',
  'Quote',
  'BalanceAndLots',
  'PackagesAndCapacity',
  'AllocateCredits',
  'SendMessage',
  'UsageReport',
  'BalanceChanged',
];

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page */
const editor = (page) => page.locator('.graphiql-query-editor');

/**
 * Opens GraphiQL in a new tab, which has no key.
 * @param {{ demo: boolean }} server whether the server offers the demo's key
 */
async function open({ demo }) {
  const page = await browser.newPage();
  if (!demo) {
    await page.route('**/graphiql', async (route) => {
      const response = await route.fetch();
      const slot = /(name="message-credits-demo-key" content=")[^"]*/;
      await route.fulfill({ response, body: (await response.text()).replace(slot, '$1') });
    });
  }
  await page.goto(`${SERVER}/graphiql`);
  return page;
}

/**
 * Waits for the first example: the tabs appear before the editors.
 * @param {Page} page
 */
const ready = (page) => editor(page).getByText('segmentCount').first().waitFor();

/**
 * What the editors mark as wrong, also where they are scrolled away.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
const marks = (page) =>
  page.evaluate(() =>
    // @ts-expect-error: GraphiQL defines it.
    window.__MONACO.editor.getModelMarkers({}).map((mark) => mark.message),
  );

/**
 * Executes the open tab, and returns the result that it then shows.
 * @param {Page} page
 */
async function run(page) {
  const answered = page.waitForResponse((response) => response.url().endsWith('/graphql'));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  await answered;
  return page.locator('.result-window').getByText('"data"').waitFor();
}

test('every example is free of marks and runs', async () => {
  const page = await open({ demo: true });
  await ready(page);
  assert.equal(await page.getByRole('tab').count(), EXAMPLES.length);
  for (const name of EXAMPLES) {
    await page.locator('.graphiql-tab-button', { hasText: name }).click();
    await editor(page).getByText(name, { exact: true }).waitFor();
    // The operation and its variables are checked a moment after the tab is opened.
    await page.waitForTimeout(600);
    assert.deepEqual(await marks(page), [], name);
    if (name === 'BalanceChanged') {
      await page.getByRole('button', { name: /^Execute query/ }).click();
      await page.locator('.result-window').getByText('"available"').waitFor();
      await page.getByRole('button', { name: /^Stop query/ }).click();
    } else {
      await run(page);
      const result = await page.locator('.result-window').innerText();
      assert.doesNotMatch(result, /"errors"|"code"/, name);
    }
  }
  await page.close();
});

test('a variable that the server would refuse is marked', async () => {
  const page = await open({ demo: true });
  await ready(page);
  await page.locator('.graphiql-editor-tool').getByText('"smartEncoding"').click();
  await page.keyboard.press('Home');
  await page.keyboard.insertText('"stripAccents": 7, ');
  await page.locator('.squiggly-error').first().waitFor();
  await page.close();
});

test('the editor suggests what fits', async () => {
  const page = await open({ demo: true });
  await ready(page);
  // Its suggestions have inline styles, which the server's policy must allow.
  await editor(page).locator('.view-line').nth(3).click();
  await page.keyboard.press('Control+Space');
  await page.locator('.suggest-widget.visible').waitFor();
  await page.close();
});

test('the documentation is open on the first visit, and afterwards as it was left', async () => {
  const page = await open({ demo: true });
  const docs = page.getByRole('region', { name: 'Documentation Explorer' });
  await docs.getByText('Mutation', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  await docs.waitFor({ state: 'detached' });
  await page.reload();
  await ready(page);
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).waitFor();
  assert.equal(await docs.count(), 0);
  await page.close();
});

test('the explorer adds a field to the query', async () => {
  const page = await open({ demo: true });
  await ready(page);
  await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
  const explorer = page.locator('.docExplorerWrap');
  await explorer.getByText('lockingShift', { exact: true }).click();
  await editor(page).getByText('lockingShift').waitFor();
  await page.close();
});

test('the key is asked for once, and kept in the tab', async () => {
  const page = await open({ demo: false });
  const key = page.getByLabel('API key', { exact: true });
  await key.waitFor();
  await check(page);
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.getByText('Enter an API key.').waitFor();
  await key.fill('mc_wrong');
  // The browser reports a refused request itself.
  await page.getByRole('button', { name: 'Use this key' }).click();
  await page.getByText('This key doesn’t work.').waitFor();
  assert.equal(browser.offences.splice(0).filter((one) => !one.includes('401')).length, 0);
  await key.fill(KEY);
  await page.getByRole('button', { name: 'Use this key' }).click();
  await ready(page);
  await page.getByRole('tab', { name: 'Quote' }).click();
  await editor(page).getByText('recipientCount').first().waitFor();
  // What is open is saved a moment later.
  await page.waitForFunction(() =>
    localStorage.getItem('graphiql:tabState')?.includes('"activeTabIndex":1'),
  );

  await page.reload();
  await editor(page).getByText('recipientCount').first().waitFor();
  await run(page);

  await page.getByRole('button', { name: 'Change the API key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change the API key' });
  await dialog.getByLabel('API key', { exact: true }).fill('mc_wrong');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await dialog.getByText('This key doesn’t work.').waitFor();
  assert.equal(browser.offences.splice(0).filter((one) => !one.includes('401')).length, 0);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await run(page);
  await page.close();
});

test('the schema is readable without a key', async () => {
  const page = await open({ demo: false });
  await page.getByRole('button', { name: 'Continue without a key' }).click();
  await page
    .getByRole('region', { name: 'Documentation Explorer' })
    .getByText('Mutation', { exact: true })
    .waitFor();
  await ready(page);
  await run(page);
  await page.close();
});
