import { Badge, Button, Group, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { ImportDialog } from '../contact_import/ImportDialog';
import { graphql } from '../generated';
import type { ContactListsQuery } from '../generated/graphql';
import { formatCount } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { LimitDialog } from './LimitDialog';

const LISTS = graphql(`
  query ContactLists($accountId: ID!, $first: Int!, $after: String, $search: String) {
    account(id: $accountId) {
      id
      balance {
        unassigned
      }
      lists(first: $first, after: $after, search: $search) {
        nodes {
          id
          name
          recipients
          allocation {
            mode
            assigned
            available
            held
          }
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

type List = NonNullable<ContactListsQuery['account']>['lists']['nodes'][number];

/**
 * The account's contact lists and their limits, with actions to change them and to import contacts.
 */
export function ListsPanel(props: {
  accountId: string;
  mayAllocate: boolean;
  mayImport: boolean;
  changes: number;
}) {
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [editing, setEditing] = useState<List>();
  const [importing, setImporting] = useState<List>();
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: LISTS,
    variables: {
      accountId: props.accountId,
      first: paging.size,
      after: paging.after,
      search: search || null,
    },
  });
  useRefreshOn(props.changes, ask);
  const lists = data?.account?.lists;

  return (
    <Panel
      title="Contact lists"
      aside={
        <TextInput
          size="xs"
          type="search"
          aria-label="Search lists by name"
          placeholder="Search by name"
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            paging.restart();
          }}
        />
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!lists && fetching && <Pending what="contact lists" rows={5} />}
      {lists?.nodes.length === 0 && (
        <Nothing>{search ? `No list is called “${search}”.` : 'No contact lists yet.'}</Nothing>
      )}
      {lists && lists.nodes.length > 0 && (
        <>
          <DataTable
            caption="Contact lists and what they may spend"
            columns={columns(
              props.mayAllocate ? setEditing : undefined,
              props.mayImport ? setImporting : undefined,
            )}
            rows={lists.nodes}
            rowKey={(list) => list.id}
          />
          <Pager
            what="contact lists"
            paging={paging}
            pageInfo={lists.pageInfo}
            totalCount={lists.totalCount}
          />
        </>
      )}
      {editing && data?.account && (
        <LimitDialog
          accountId={props.accountId}
          list={editing}
          unassigned={data.account.balance.unassigned}
          onClose={() => setEditing(undefined)}
        />
      )}
      {importing && <ImportDialog list={importing} onClose={() => setImporting(undefined)} />}
    </Panel>
  );
}

type Act = (list: List) => void;

function columns(onEdit: Act | undefined, onImport: Act | undefined): Column<List>[] {
  const shown: Column<List>[] = [
    { title: 'List', heading: true, cell: (list) => list.name },
    { title: 'Recipients', numeric: true, cell: (list) => formatCount(list.recipients) },
    { title: 'Limit', cell: (list) => <Mode list={list} /> },
    { title: 'Assigned', decimal: (list) => list.allocation.assigned },
    { title: 'Available', decimal: (list) => list.allocation.available },
    { title: 'Held', decimal: (list) => list.allocation.held },
  ];
  if (!onEdit && !onImport) return shown;
  return [
    ...shown,
    {
      title: 'Change',
      hideTitle: true,
      numeric: true,
      cell: (list) => (
        <Group gap={6} justify="flex-end">
          {onImport && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Import contacts into ${list.name}`}
              onClick={() => onImport(list)}
            >
              Import
            </Button>
          )}
          {onEdit && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Edit limits of ${list.name}`}
              onClick={() => onEdit(list)}
            >
              Edit limits
            </Button>
          )}
        </Group>
      ),
    },
  ];
}

function Mode({ list }: { list: List }) {
  const limited = list.allocation.mode === 'LIMITED';
  return (
    <Badge size="sm" variant="light" color={limited ? 'cyan' : 'gray'}>
      {limited ? 'Own limit' : 'Shared'}
    </Badge>
  );
}
