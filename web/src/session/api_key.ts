import { forgetDrafts } from './drafts';

/**
 * The API key of the page. It is kept in sessionStorage: it survives a reload and the detour to the
 * payment page, and ends with the tab.
 */
const NAME = 'message-credits-api-key';

export function storedApiKey(): string | undefined {
  return sessionStorage.getItem(NAME) ?? undefined;
}

export function storeApiKey(key: string): void {
  sessionStorage.setItem(NAME, key);
}

/** Forgets the key, and what was written with it. */
export function forgetApiKey(): void {
  forgetDrafts();
  sessionStorage.removeItem(NAME);
}
