/** The key that a demo server writes into the page; undefined anywhere else. */
export function demoKey(): string | undefined {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="message-credits-demo-key"]');
  return meta?.content.trim() || undefined;
}
