import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { Role } from '../generated/graphql';
import { usePaging } from '../screen/paging';
import { KeyList } from './KeyList';

const KEYS = graphql(`
  query ApiKeys($accountId: ID!, $first: Int!, $after: String) {
    account(id: $accountId) {
      id
      apiKeys(first: $first, after: $after) {
        nodes {
          id
          name
          prefix
          role
          createdAt
          lastUsedAt
          expiresAt
          revokedAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        totalCount
      }
    }
  }
`);

const ROLES: readonly Role[] = ['OWNER', 'MEMBER', 'VIEWER'];

/** The API keys of an account. */
export function KeysPanel(props: {
  accountId: string;
  timeZone: string;
  mayChange: boolean;
  /** Whether the viewer may make keys of the sending service. */
  maySend: boolean;
}) {
  const { t } = useTranslation();
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: KEYS,
    variables: { accountId: props.accountId, first: paging.size, after: paging.after },
  });
  return (
    <KeyList
      title={t('keys.title')}
      accountId={props.accountId}
      roles={props.maySend ? [...ROLES, 'SENDER'] : ROLES}
      timeZone={props.timeZone}
      mayChange={props.mayChange}
      keys={data?.account?.apiKeys}
      paging={paging}
      error={error}
      fetching={fetching}
      ask={ask}
    />
  );
}
