import { newIdempotencyKey } from '../session/idempotency_key';
import { instantsOf, namedPeriod, today } from '../time/period';
import type { Subject } from './examples';

const QUERY = `query ExampleSubject {
  viewer {
    accounts(first: 1) {
      nodes {
        id
        timeZone
        lists(first: 1) {
          nodes {
            id
          }
        }
      }
    }
  }
}`;

interface Answer {
  data?: {
    viewer: {
      accounts: { nodes: { id: string; timeZone: string; lists: { nodes: { id: string }[] } }[] };
    };
  } | null;
}

/**
 * Finds an account and a list for the examples, or reports that the key doesn't work. Without a
 * key, or without a response, the examples name none.
 */
export async function findSubject(key: string | undefined): Promise<Subject | 'REFUSED'> {
  const account = key ? await firstAccount(key) : undefined;
  if (account === 'REFUSED') return account;
  const timeZone = account?.timeZone ?? 'UTC';
  return {
    accountId: account?.id,
    listId: account?.lists.nodes[0]?.id,
    idempotencyKey: newIdempotencyKey(),
    month: instantsOf(namedPeriod('THIS_MONTH', today(timeZone)), timeZone),
  };
}

async function firstAccount(key: string) {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        authorization: `Bearer ${key}`,
      },
      body: JSON.stringify({ query: QUERY }),
    });
    if (response.status === 401) return 'REFUSED';
    const answer: Answer = await response.json();
    return answer.data?.viewer.accounts.nodes[0];
  } catch {
    // The editor is useful without runnable examples, and reports an unreachable server on its own.
    return undefined;
  }
}
