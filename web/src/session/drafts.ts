/**
 * What is being written and not sent yet, by account. It is kept in sessionStorage like the API
 * key: it survives a reload, ends with the tab, and is forgotten together with the key.
 */
const NAME = 'message-credits-draft:';

export function storedDraft(accountId: string): string | undefined {
  return sessionStorage.getItem(NAME + accountId) ?? undefined;
}

export function storeDraft(accountId: string, draft: string): void {
  try {
    sessionStorage.setItem(NAME + accountId, draft);
  } catch {
    // Longer than the browser keeps: it still is in the page.
  }
}

export function forgetDraft(accountId: string): void {
  sessionStorage.removeItem(NAME + accountId);
}

export function forgetDrafts(): void {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(NAME)) sessionStorage.removeItem(name);
  }
}
