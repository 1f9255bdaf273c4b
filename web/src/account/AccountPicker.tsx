import { Box, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';

const ACCOUNTS = graphql(`
  query Accounts($first: Int!, $after: String, $search: String) {
    accounts(first: $first, after: $after, search: $search) {
      nodes {
        id
        name
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

/** The platform's accounts: searchable, paged, with the open one marked. */
export function AccountPicker(props: { selected?: string; onSelect(id: string): void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const paging = usePaging(20);
  const [{ data, error, fetching }, retry] = useQuery({
    query: ACCOUNTS,
    variables: { first: paging.size, after: paging.after, search: search || null },
  });
  const accounts = data?.accounts;

  return (
    <Stack gap="sm" flex={1} mih={0}>
      <TextInput
        type="search"
        label={t('account.accounts')}
        placeholder={t('action.searchByName')}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          paging.restart();
        }}
      />
      {error && <Failure error={error} onRetry={retry} />}
      {!accounts && fetching && <Pending rows={8} />}
      {accounts?.nodes.length === 0 && (
        <Nothing>{search ? t('account.noneNamed', { search }) : t('account.none')}</Nothing>
      )}
      <Box flex={1} mih={0} style={{ overflowY: 'auto' }}>
        <Box component="ul" m={0} p={0} style={{ listStyle: 'none' }} aria-busy={fetching}>
          {accounts?.nodes.map((account) => (
            <li key={account.id}>
              <UnstyledButton
                className="account-link"
                w="100%"
                px="xs"
                py={6}
                bdrs="sm"
                aria-current={account.id === props.selected}
                onClick={() => props.onSelect(account.id)}
              >
                <Text size="sm" fw="inherit" truncate dir="auto">
                  {account.name}
                </Text>
              </UnstyledButton>
            </li>
          ))}
        </Box>
      </Box>
      {accounts && (
        <Pager
          label={t('pager.accounts')}
          paging={paging}
          pageInfo={accounts.pageInfo}
          totalCount={accounts.totalCount}
        />
      )}
    </Stack>
  );
}
