/**
 * The facts that the server writes into the page. Without a server, as in development, there are
 * none.
 */

/** The key offered by a demo server; undefined on others. */
export function demoKey(): string | undefined {
  return fact('demo-key');
}

/** Whether nobody is charged: purchases are approved in the sandbox, and their credits are real. */
export function paysInSandbox(): boolean {
  return Boolean(fact('payments'));
}

/** Whether the server has GraphiQL. */
export function hasGraphiql(): boolean {
  return fact('graphiql') === 'on';
}

/** The nonce of styles created by scripts: the server's policy blocks all others. */
export function styleNonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined;
}

function fact(name: string): string | undefined {
  const meta = document.querySelector<HTMLMetaElement>(`meta[name="message-credits-${name}"]`);
  return meta?.content.trim() || undefined;
}
