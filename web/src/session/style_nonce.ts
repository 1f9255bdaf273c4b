import { styleNonce } from './server';

/**
 * Adds the nonce to every style element created by a script. GraphiQL's editor creates some and
 * accepts no nonce; styles in HTML are not affected, and stay blocked.
 */
export function giveStylesTheNonce(): void {
  const nonce = styleNonce();
  if (!nonce) return;
  const create = document.createElement.bind(document);
  document.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
}
