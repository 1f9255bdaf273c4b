// The documents as texts that a server takes: with their fragments, and without what only
// relay-compiler understands.
import { fragments } from './operations.js';

const nameOf = (text) => text.match(/fragment (\w+)/)[1];
const byName = new Map(fragments.map((text) => [nameOf(text), text]));

export const complete = (text) => {
  const used = new Set();
  const add = (part) => {
    for (const [, name] of part.matchAll(/\.\.\.(operations_\w+)/g)) {
      if (used.has(name)) continue;
      used.add(name);
      add(byName.get(name));
    }
  };
  add(text);
  const parts = [text, ...[...used].map((name) => byName.get(name))];
  return parts.join('\n').replaceAll(' @relay(mask: false)', '');
};
