import type { TFunction } from 'i18next';

/** What a message is called: its name, else its text. */
export function titleOf(
  t: TFunction,
  message: { name?: string | null; text?: string | null },
): string {
  return message.name ?? message.text ?? t('messages.erased');
}
