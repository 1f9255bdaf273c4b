/** What the server writes into the page about itself. Away from a server, as in development, it is silent. */

/** The key that a demo server offers; undefined anywhere else. */
export function demoKey(): string | undefined {
  return fact('demo-key');
}

/** Whether nobody is charged: purchases are approved in the sandbox, and their credits are real. */
export function paysInSandbox(): boolean {
  return fact('payments') === 'sandbox';
}

/** Whether the server shows GraphiQL. */
export function hasGraphiql(): boolean {
  return fact('graphiql') === 'on';
}

/** What the styles that scripts write must carry: the server's policy lets no others through. */
export function styleNonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined;
}

function fact(name: string): string | undefined {
  const meta = document.querySelector<HTMLMetaElement>(`meta[name="message-credits-${name}"]`);
  return meta?.content.trim() || undefined;
}
