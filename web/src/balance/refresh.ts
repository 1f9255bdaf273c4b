import { useEffect, useRef } from 'react';
import type { UseQueryExecute } from 'urql';

/** Asks again when the count of balance changes moves; not on the first showing, which asks anyway. */
export function useRefreshOn(changes: number, ask: UseQueryExecute): void {
  const seen = useRef(changes);
  useEffect(() => {
    if (seen.current === changes) return;
    seen.current = changes;
    ask({ requestPolicy: 'network-only' });
  }, [changes, ask]);
}
