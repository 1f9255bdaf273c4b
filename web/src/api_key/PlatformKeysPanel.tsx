import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { Role } from '../generated/graphql';
import { usePaging } from '../screen/paging';
import { KeyList } from './KeyList';

const KEYS = graphql(`
  query PlatformApiKeys($first: Int!, $after: String) {
    platformApiKeys(first: $first, after: $after) {
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
`);

const ROLES: readonly Role[] = ['PLATFORM_ADMIN', 'ACCOUNT_MANAGER'];

/** The platform's own API keys. The platform has no time zone: the reader's is used. */
export function PlatformKeysPanel() {
  const { t } = useTranslation();
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: KEYS,
    variables: { first: paging.size, after: paging.after },
  });
  return (
    <KeyList
      title={t('keys.ofPlatform')}
      roles={ROLES}
      timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}
      mayChange
      keys={data?.platformApiKeys}
      paging={paging}
      error={error}
      fetching={fetching}
      ask={ask}
    />
  );
}
