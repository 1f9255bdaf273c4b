import { useEffect, useState } from 'react';
import { type CombinedError, type OperationResult, useClient } from 'urql';
import { graphql } from '../generated';
import type { PortfolioQuery, PortfolioQueryVariables } from '../generated/graphql';

const PORTFOLIO = graphql(`
  query Portfolio($first: Int!, $after: String, $search: String) {
    accounts(first: $first, after: $after, search: $search) {
      nodes {
        id
        name
        timeZone
        balance {
          available
          held
        }
        forecast {
          runsOutOn
          runwayDays
          expiringInThirtyDays
          usedThisMonth
          usedLastMonth
        }
        ledgerHead {
          at
        }
        autoRecharge {
          enabled
          suspendedReason
          heldBack
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

/** An account with what its manager looks at. */
export type Account = PortfolioQuery['accounts']['nodes'][number];

/** The accounts that were read. */
export interface Portfolio {
  accounts?: readonly Account[];
  /** The number of all accounts. More than were read if there are too many to sort. */
  totalCount: number;
  error?: CombinedError;
  retry(): void;
}

/** The accounts of one request, and of all together: beyond these, searching helps more. */
const AT_ONCE = 200;
const MOST = 1_000;

/** Reads all accounts of this name, so that they can be sorted by any figure. */
export function usePortfolio(search: string): Portfolio {
  const client = useClient();
  const [round, setRound] = useState(0);
  const [found, setFound] = useState<Omit<Portfolio, 'retry'>>({ totalCount: 0 });

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round reads everything again.
  useEffect(() => {
    let left = false;

    async function read() {
      let accounts: Account[] = [];
      let after: string | null = null;
      do {
        const variables: PortfolioQueryVariables = {
          first: AT_ONCE,
          after,
          search: search || null,
        };
        const options = { requestPolicy: 'network-only' as const };
        const answer: OperationResult<PortfolioQuery> = await client
          .query(PORTFOLIO, variables, options)
          .toPromise();
        if (left) return;
        const page: PortfolioQuery['accounts'] | undefined = answer.data?.accounts;
        if (!page) {
          setFound({ accounts, totalCount: 0, error: answer.error });
          return;
        }
        accounts = [...accounts, ...page.nodes];
        setFound({ accounts, totalCount: page.totalCount });
        after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
      } while (after && accounts.length < MOST);
    }

    void read();
    return () => {
      left = true;
    };
  }, [client, search, round]);

  return { ...found, retry: () => setRound((count) => count + 1) };
}
