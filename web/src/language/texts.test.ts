import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'vite';
import { expect, test } from 'vitest';
import english from './en.json';
import italian from './it.json';
import { LANGUAGES, type Language, startLanguage } from './languages';

const TEXTS: Record<Language, object> = { en: english, it: italian };
const PLURAL = /_(zero|one|two|few|many|other)$/;
const SOURCES = join(import.meta.dirname, '..');

/** Every text by its key, "action.save". */
function flat(texts: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([name, value]) =>
      typeof value === 'string' ? [[`${path}${name}`, value]] : [...flat(value, `${path}${name}.`)],
    ),
  );
}

/** What a text is filled in with, and its tags. */
function slots(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)|<\/?\w+>/g)].map(([all, name]) => name ?? all).sort();
}

test('each language has the same texts, with the plural forms that it needs', () => {
  const keys = LANGUAGES.map((tongue) => {
    const all = [...flat(TEXTS[tongue]).keys()];
    const plurals = new Set(
      all.filter((key) => PLURAL.test(key)).map((key) => key.replace(PLURAL, '')),
    );
    const forms = new Intl.PluralRules(tongue).resolvedOptions().pluralCategories;
    for (const key of plurals) {
      const given = all.filter((one) => one.replace(PLURAL, '') === key && one !== key);
      expect(given.sort(), `${tongue}: ${key}`).toEqual(
        forms.map((form) => `${key}_${form}`).sort(),
      );
    }
    return [...new Set(all.map((key) => key.replace(PLURAL, '')))].sort();
  });
  expect(keys[1]).toEqual(keys[0]);
});

test('the same text has the same slots in each language', () => {
  const base = flat(english);
  for (const [key, text] of flat(italian)) {
    const same = base.get(key) ?? base.get(key.replace(PLURAL, '_other')) ?? '';
    expect(slots(text), key).toEqual(slots(same));
  }
});

test('no text says nothing, and none is used that a reader would have to look up', () => {
  for (const tongue of LANGUAGES) {
    for (const [key, text] of flat(TEXTS[tongue])) {
      expect(text.trim(), key).not.toBe('');
      expect(text, key).not.toMatch(/UCS-?2|GSM-?7|UTF-16|code point|septet/i);
    }
  }
});

/** A word with a capital letter, or several words: not a class, a colour or a code. */
const SENTENCE = /^\p{Lu}\p{Ll}+(?![\p{L}\p{N}])|\p{L}\p{Ll}*[.,:]? \p{L}+/u;

/** The texts that a component holds itself: in its elements, attributes, tables and choices. */
function ownTexts(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source);
  expect(errors, file).toEqual([]);
  const found: string[] = [];
  const unread = new Set<object>();
  new Visitor({
    CallExpression({ callee, arguments: given }) {
      if (callee.type !== 'Identifier' || callee.name !== 'graphql') return;
      for (const one of given) if (one.type === 'TemplateLiteral') unread.add(one);
    },
    JSXAttribute({ name, value }) {
      // Several classes look like several words.
      if (name.name === 'className' && value) unread.add(value);
    },
    JSXText({ value }) {
      if (/\p{L}/u.test(value)) found.push(value.trim());
    },
    Literal(node) {
      if (unread.has(node) || typeof node.value !== 'string') return;
      if (SENTENCE.test(node.value)) found.push(node.value);
    },
    TemplateLiteral(node) {
      if (unread.has(node)) return;
      const text = node.quasis.map(({ value }) => value.cooked).join('');
      if (SENTENCE.test(text)) found.push(text);
    },
  }).visit(program);
  return found;
}

/** The product's name, and each language's own name. */
const NAMES = ['message-credits', 'GraphiQL', 'English', 'Italiano'];

test('no component holds a text of its own', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.tsx') && !file.startsWith('graphiql'),
  );
  expect(files.length).toBeGreaterThan(30);
  const own = files.flatMap((file) =>
    ownTexts(file, readFileSync(join(SOURCES, file), 'utf8'))
      .filter((text) => !NAMES.includes(text))
      .map((text) => `${file}: ${text}`),
  );
  expect(own).toEqual([]);
});

test.each([
  '<p>saved</p>',
  '<input aria-label="Search lists" />',
  '<b>{on ? "Change" : t("x")}</b>',
  'const column = { title: "List" };',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source.
  'const text = `${count} of the credits`;',
])('a text is found in %s', (source) => {
  expect(
    ownTexts(
      'a.tsx',
      `const a = () => { return ${source.startsWith('const') ? 'null' : source} };
${source.startsWith('const') ? source : ''}`,
    ),
  ).toHaveLength(1);
});

test.each<[string | null, string[], Language]>([
  [null, ['it-CH', 'en'], 'it'],
  [null, ['de-DE', 'it'], 'it'],
  [null, ['ja'], 'en'],
  [null, [], 'en'],
  ['en', ['it-IT'], 'en'],
  ['xx', ['it-IT'], 'it'],
])('with %s chosen, a reader of %j starts in %s', (chosen, preferred, tongue) => {
  expect(startLanguage(chosen, preferred)).toBe(tongue);
});
