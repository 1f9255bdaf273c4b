import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { graphql } from '../generated';
import { instantsOf, monthsBack, today } from '../time/period';

const SPENT = graphql(`
  query SpentLately($input: UsageReportInput!) {
    usageReport(input: $input) {
      buckets {
        start
        usage {
          credits
        }
      }
    }
  }
`);

/** The credits that an account spent in two months; null if the server did not say. */
export interface Spent {
  thisMonth: string | null;
  lastMonth: string | null;
}

/** Reports are asked for one after another: they are the server's largest queries. */
const AT_ONCE = 2;

/** What each of the accounts spent, as far as it is known by now. Months are the account's own. */
export function useSpent(
  accounts: readonly { id: string; timeZone: string }[] | undefined,
): ReadonlyMap<string, Spent> {
  const client = useClient();
  const [known, setKnown] = useState<ReadonlyMap<string, Spent>>(new Map());

  useEffect(() => {
    const waiting = [...(accounts ?? [])];
    let left = false;

    async function work() {
      for (let next = waiting.shift(); next && !left; next = waiting.shift()) {
        const { id } = next;
        const input = { accountId: id, interval: 'MONTH' as const, ...twoMonths(next.timeZone) };
        const { data } = await client.query(SPENT, { input }).toPromise();
        if (left) return;
        const [lastMonth = null, thisMonth = null] =
          data?.usageReport.buckets.map(({ usage }) => usage.credits) ?? [];
        setKnown((all) => new Map(all).set(id, { thisMonth, lastMonth }));
      }
    }

    for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
    return () => {
      left = true;
    };
  }, [accounts, client]);

  return known;
}

/** From the first instant of last month to the end of today. */
function twoMonths(timeZone: string): { from: string; to: string } {
  const day = today(timeZone);
  const [, first = day] = monthsBack(day, 2);
  return instantsOf({ first, last: day }, timeZone);
}
