import type { Draft } from '../quote/draft';
import type { Audience } from '../quote/useQuote';
import { storeDraft, storedDraft } from '../session/drafts';
import { newIdempotencyKey } from '../session/idempotency_key';
import { isUnreadable, MOST_NUMBERS, readNumbers } from './numbers';

/** A message that is being written, with everything that sending it takes. */
export interface MessageDraft extends Draft {
  /**
   * The key with which it is sent. A repeated attempt has the same, so that the message is sent
   * once, whatever became of the first.
   */
  idempotencyKey: string;
  name: string;
  to: 'list' | 'numbers';
  listId: string | null;
  numbers: string;
  acceptLandlines: boolean;
  when: 'now' | 'later';
  day: string;
  time: string;
}

export function newDraft(): MessageDraft {
  return {
    idempotencyKey: newIdempotencyKey(),
    name: '',
    to: 'list',
    listId: null,
    numbers: '',
    acceptLandlines: false,
    text: '',
    withImage: false,
    imageUrl: '',
    smartEncoding: false,
    when: 'now',
    day: '',
    time: '',
  };
}

/** The account's unsent draft; undefined if there is none. */
export function unsentDraft(accountId: string): MessageDraft | undefined {
  const stored = storedDraft(accountId);
  if (!stored) return undefined;
  try {
    return { ...newDraft(), ...(JSON.parse(stored) as MessageDraft) };
  } catch {
    return undefined;
  }
}

export function keepDraft(accountId: string, draft: MessageDraft): void {
  storeDraft(accountId, JSON.stringify(draft));
}

/** Whether nothing is written that would be missed. */
export function isEmpty(draft: MessageDraft): boolean {
  return [draft.text, draft.name, draft.numbers, draft.imageUrl ?? ''].every(
    (typed) => typed.trim() === '',
  );
}

/** The draft's recipients; undefined if there are none yet, or some can't be read. */
export function audienceOf(
  draft: Pick<MessageDraft, 'to' | 'listId' | 'numbers'>,
): Audience | undefined {
  if (draft.to === 'list') return draft.listId ? { listId: draft.listId } : undefined;
  const written = readNumbers(draft.numbers);
  if (written.length === 0 || written.length > MOST_NUMBERS || written.some(isUnreadable)) {
    return undefined;
  }
  return { recipients: written.map(({ number }) => number) };
}
