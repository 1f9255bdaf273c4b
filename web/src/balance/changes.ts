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

/** The figures by which a change is told. */
export interface Figures {
  total: string;
  held: string;
  available: string;
  assigned: string;
}

/**
 * Counts the changes of an account's balance, whoever made them. What moves with the balance asks again when the
 * count does. `shown` is what the page shows already: a change between that answer and the socket's first is one too.
 * Where the socket fails the page still works; it only stops noticing changes made elsewhere.
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
