import { useEffect, useRef, useState } from 'react';
import { useSubscription } from 'urql';
import { graphql } from '../generated';

const BALANCE_CHANGED = graphql(`
  subscription BalanceChanged($accountId: ID!) {
    balanceChanged(accountId: $accountId) {
      total
      held
      available
      assigned
    }
  }
`);

/**
 * Counts the changes of an account's balance, whoever made them, and calls `onChange` at each. Panels that show what
 * moves with the balance ask again when the count changes. Where the socket fails the page still works; it only
 * stops noticing changes made elsewhere.
 */
export function useBalanceChanges(accountId: string, onChange: () => void): number {
  const [{ data }] = useSubscription({ query: BALANCE_CHANGED, variables: { accountId } });
  const [changes, setChanges] = useState(0);
  const known = useRef<string>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;

  useEffect(() => {
    if (!data) return;
    const figures = JSON.stringify(data.balanceChanged);
    // The first answer is the balance as it stands, which the page has just asked for.
    if (known.current !== undefined && known.current !== figures) {
      setChanges((count) => count + 1);
      latest.current();
    }
    known.current = figures;
  }, [data]);

  return changes;
}
