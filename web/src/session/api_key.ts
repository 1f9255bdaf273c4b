/**
 * The API key that the page works with. It lives in sessionStorage: it survives a reload and the way to the
 * payment page and back, and is gone with the tab.
 */
const NAME = 'message-credits-api-key';

export function storedApiKey(): string | undefined {
  return sessionStorage.getItem(NAME) ?? undefined;
}

export function storeApiKey(key: string): void {
  sessionStorage.setItem(NAME, key);
}

export function forgetApiKey(): void {
  sessionStorage.removeItem(NAME);
}
