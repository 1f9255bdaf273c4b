import { useEffect, useRef } from 'react';
import type { UseQueryExecute } from 'urql';

/**
 * Refetches when the count of balance changes moves, but not on the first render, which fetches
 * anyway.
 */
export function useRefreshOn(changes: number, ask: UseQueryExecute): void {
  const seen = useRef(changes);
  useEffect(() => {
    if (seen.current === changes) return;
    seen.current = changes;
    ask({ requestPolicy: 'network-only' });
  }, [changes, ask]);
}
