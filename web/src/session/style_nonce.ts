import { styleNonce } from './server';

/**
 * Gives the nonce to every style element that a script makes. GraphiQL's editor makes some and takes no nonce; what
 * comes as HTML goes another way, and stays refused.
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
