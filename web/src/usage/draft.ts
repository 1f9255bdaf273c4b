import { useState } from 'react';
import type { Period } from '../time/period';

/**
 * Days that are no period yet. They stay out of the address, and end with the next change of the
 * period's word in it.
 */
export function useDraft(
  word: string | undefined,
): [Period | undefined, (draft: Period | undefined) => void] {
  const [draft, setDraft] = useState<Period>();
  const [draftedAt, setDraftedAt] = useState(word);
  if (draftedAt !== word) {
    setDraftedAt(word);
    setDraft(undefined);
  }
  return [draft, setDraft];
}
