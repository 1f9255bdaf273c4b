import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const GENERATED = join(import.meta.dirname, 'src/generated/graphql.ts');
const CALL = /\bgraphql\(\s*`\s*(query|mutation|subscription|fragment)\s+(\w+)[^`]*`,?\s*\)/g;
const DOCUMENT = /^export const (\w+) = (\{.*\}) as unknown as DocumentNode</gm;

/**
 * Puts each document where it is used. The generated code looks them up in one table, with which
 * the first screen would load the documents of all others.
 */
export function inlineDocuments(): Plugin {
  const documents = new Map<string, string>();
  return {
    name: 'inline-documents',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      for (const [, name = '', literal = ''] of readFileSync(GENERATED, 'utf8').matchAll(
        DOCUMENT,
      )) {
        documents.set(name, literal);
      }
    },
    transform(code, id) {
      if (!/\/src\/.*\.tsx?$/.test(id) || id.includes('/generated/')) return null;
      const inlined = code.replace(CALL, (_call, kind: string, name: string) => {
        const literal = documents.get(`${name}${kind === 'fragment' ? 'FragmentDoc' : 'Document'}`);
        if (literal) return `(${literal})`;
        this.error(`${id}: no document ${name} was generated`);
      });
      return inlined === code ? null : { code: inlined, map: null };
    },
  };
}
