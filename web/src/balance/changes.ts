import { useEffect, useEffectEvent, useRef, useState } from 'react';
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

/** The figures whose changes are detected. */
export interface Figures {
  total: string;
  held: string;
  available: string;
  assigned: string;
}

/**
 * Counts the changes of an account's balance, whoever made them. Components that depend on the
 * balance refetch when the count moves. `shown` is the balance that the page already shows: a
 * change between that response and the socket's first event counts too. If the socket fails the
 * page still works, but misses changes made elsewhere.
 */
export function useBalanceChanges(
  accountId: string,
  shown: Figures | undefined,
  mayHear: boolean,
): number {
  const [{ data }] = useSubscription({
    query: BALANCE_CHANGED,
    variables: { accountId },
    pause: !mayHear,
  });
  const [changes, setChanges] = useState(0);
  const known = useRef<Figures>(undefined);

  const compare = useEffectEvent((latest: Figures) => {
    const before = known.current ?? shown;
    if (before && !same(before, latest)) setChanges((count) => count + 1);
    known.current = latest;
  });

  useEffect(() => {
    if (data) compare(data.balanceChanged);
  }, [data]);

  return changes;
}

function same(one: Figures, other: Figures): boolean {
  return (
    one.total === other.total &&
    one.held === other.held &&
    one.available === other.available &&
    one.assigned === other.assigned
  );
}
