import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import { DataTable } from '../screen/DataTable';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { otherErrors, received, type UserError } from '../screen/user_errors';
import { formatInstant } from '../time/format';

const ARCHIVED = graphql(`
  query ArchivedLists($accountId: ID!, $first: Int!, $after: String) {
    account(id: $accountId) {
      id
      timeZone
      lists(first: $first, after: $after, archived: true) {
        nodes {
          id
          name
          archivedAt
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

const RESTORE = graphql(`
  mutation RestoreList($input: RestoreContactListInput!) {
    restoreContactList(input: $input) {
      list {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** The account's archived lists, each of which can be used again. */
export function ArchivedListsDialog(props: { accountId: string; onClose(): void }) {
  const { t } = useTranslation();
  const paging = usePaging(10);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data, error }, ask] = useQuery({
    query: ARCHIVED,
    variables: { accountId: props.accountId, first: paging.size, after: paging.after },
    requestPolicy: 'network-only',
  });
  const [restored, restore] = useMutation(RESTORE);
  const account = data?.account;
  const problem = otherErrors(refusals);

  async function submit(listId: string) {
    const { data: done } = await restore({ input: { listId } });
    if (!done) return;
    const { userErrors } = done.restoreContactList;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) paging.restart();
    ask({ requestPolicy: 'network-only' });
  }

  return (
    <Dialog title={t('lists.archived')} onClose={props.onClose}>
      {error && <Failure error={error} onRetry={ask} />}
      {restored.error && <Failure error={restored.error} />}
      {problem && (
        <Text c="red" size="sm" role="alert">
          {problem}
        </Text>
      )}
      {!account && !error && <Pending rows={5} />}
      {account?.lists.nodes.length === 0 && <Nothing>{t('lists.noneArchived')}</Nothing>}
      {account && account.lists.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('lists.archived')}
            columns={[
              { title: t('column.list'), heading: true, cell: (list) => list.name },
              {
                title: t('lists.archivedAt'),
                cell: ({ archivedAt }) =>
                  archivedAt ? formatInstant(archivedAt, account.timeZone) : '—',
              },
              {
                title: t('column.change'),
                hideTitle: true,
                numeric: true,
                cell: (list) => (
                  <Button
                    size="compact-xs"
                    variant="default"
                    loading={restored.fetching}
                    aria-label={t('lists.restoreNamed', { list: list.name })}
                    onClick={() => submit(list.id)}
                  >
                    {t('lists.restore')}
                  </Button>
                ),
              },
            ]}
            rows={account.lists.nodes}
            rowKey={(list) => list.id}
          />
          <Pager
            label={t('pager.lists')}
            paging={paging}
            pageInfo={account.lists.pageInfo}
            totalCount={account.lists.totalCount}
          />
        </>
      )}
    </Dialog>
  );
}
