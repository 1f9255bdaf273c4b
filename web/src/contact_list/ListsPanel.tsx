import { Badge, Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { TFunction } from 'i18next';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { ContactListsQuery } from '../generated/graphql';
import { formatCount, formatDecimal } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import type { Permissions } from '../session/permissions';

const LimitDialog = lazy(async () => ({
  default: (await import('./LimitDialog')).LimitDialog,
}));
const ListDialog = lazy(async () => ({
  default: (await import('./ListDialog')).ListDialog,
}));
const ArchivedListsDialog = lazy(async () => ({
  default: (await import('./ArchivedListsDialog')).ArchivedListsDialog,
}));
const ImportDialog = lazy(async () => ({
  default: (await import('../contact_import/ImportDialog')).ImportDialog,
}));
const RunningImports = lazy(async () => ({
  default: (await import('../contact_import/RunningImports')).RunningImports<List>,
}));

const LISTS = graphql(`
  query ContactLists(
    $accountId: ID!
    $first: Int!
    $after: String
    $search: String
    $mayImport: Boolean!
  ) {
    account(id: $accountId) {
      id
      balance {
        unassigned
      }
      lists(first: $first, after: $after, search: $search) {
        nodes {
          id
          name
          recipientCount
          allocation {
            mode
            assigned
            available
            held
          }
          imports(first: 5) @include(if: $mayImport) {
            nodes {
              id
              status
            }
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

/** Whether an import has been opened since the page was loaded. */
let hasOpenedImport = false;

type List = NonNullable<ContactListsQuery['account']>['lists']['nodes'][number];

/**
 * The account's contact lists and their limits, with actions to change them and to import contacts.
 */
export function ListsPanel(props: {
  accountId: string;
  timeZone: string;
  can: Permissions;
  changes: number;
}) {
  const { t } = useTranslation();
  const { can } = props;
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 250);
  const [editing, setEditing] = useState<List>();
  const [importing, setImporting] = useState<{ list: List; importId?: string }>();
  const [naming, setNaming] = useState<'new' | List>();
  const [isArchiveOpen, openArchive] = useState(false);
  const paging = usePaging(10);
  const [{ data, error, fetching }, ask] = useQuery({
    query: LISTS,
    variables: {
      accountId: props.accountId,
      first: paging.size,
      after: paging.after,
      search: search || null,
      mayImport: can.importContacts,
    },
  });
  useRefreshOn(props.changes, ask);
  const lists = data?.account?.lists;

  function openImport(list: List, importId?: string) {
    hasOpenedImport = true;
    setImporting({ list, importId });
  }

  return (
    <Panel
      title={t('lists.title')}
      aside={
        <Group gap="sm">
          <TextInput
            size="xs"
            type="search"
            aria-label={t('lists.search')}
            placeholder={t('action.searchByName')}
            attributes={{ input: { dir: 'auto' } }}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              paging.restart();
            }}
          />
          {can.editLists && (
            <>
              <Button size="xs" variant="subtle" onClick={() => openArchive(true)}>
                {t('lists.archived')}
              </Button>
              <Button size="xs" variant="default" onClick={() => setNaming('new')}>
                {t('lists.create')}
              </Button>
            </>
          )}
        </Group>
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!lists && fetching && <Pending rows={5} />}
      {lists?.nodes.length === 0 && (
        <Nothing>{search ? t('lists.noneNamed', { search }) : t('lists.none')}</Nothing>
      )}
      {lists && lists.nodes.length > 0 && (
        <>
          {can.importContacts && (hasOpenedImport || lists.nodes.some(isImporting)) && (
            <Suspense>
              <RunningImports
                lists={lists.nodes}
                onOpen={openImport}
                onEnd={() => ask({ requestPolicy: 'network-only' })}
              />
            </Suspense>
          )}
          <DataTable
            caption={t('lists.caption')}
            columns={columns(
              t,
              can.allocate ? setEditing : undefined,
              can.importContacts ? (list) => openImport(list) : undefined,
              can.editLists ? setNaming : undefined,
            )}
            rows={lists.nodes}
            rowKey={(list) => list.id}
          />
          <Pager
            label={t('pager.lists')}
            paging={paging}
            pageInfo={lists.pageInfo}
            totalCount={lists.totalCount}
          />
        </>
      )}
      {editing && data?.account && (
        <Suspense>
          <LimitDialog
            accountId={props.accountId}
            list={editing}
            unassigned={data.account.balance.unassigned}
            onClose={() => setEditing(undefined)}
          />
        </Suspense>
      )}
      {naming && (
        <Suspense>
          <ListDialog
            accountId={props.accountId}
            list={naming === 'new' ? undefined : naming}
            onClose={() => {
              setNaming(undefined);
              ask({ requestPolicy: 'network-only' });
            }}
          />
        </Suspense>
      )}
      {isArchiveOpen && (
        <Suspense>
          <ArchivedListsDialog
            accountId={props.accountId}
            onClose={() => {
              openArchive(false);
              ask({ requestPolicy: 'network-only' });
            }}
          />
        </Suspense>
      )}
      {importing && (
        <Suspense>
          <ImportDialog
            {...importing}
            timeZone={props.timeZone}
            onClose={() => setImporting(undefined)}
          />
        </Suspense>
      )}
    </Panel>
  );
}

function isImporting(list: List): boolean {
  return list.imports?.nodes.some(({ status }) => status === 'RUNNING') ?? false;
}

type Act = (list: List) => void;

function columns(
  t: TFunction,
  onEdit: Act | undefined,
  onImport: Act | undefined,
  onName: Act | undefined,
): Column<List>[] {
  const shown: Column<List>[] = [
    { title: t('column.list'), heading: true, cell: (list) => list.name },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: (list) => formatCount(list.recipientCount),
    },
    { title: t('column.limit'), cell: (list) => <Mode list={list} /> },
    {
      title: t('column.available'),
      numeric: true,
      cell: (list) => <Available list={list} />,
    },
    { title: t('column.held'), decimal: (list) => list.allocation.held },
  ];
  if (!onEdit && !onImport && !onName) return shown;
  return [
    ...shown,
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (list) => (
        <Group gap={6} justify="flex-end">
          {onImport && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('lists.importInto', { list: list.name })}
              onClick={() => onImport(list)}
            >
              {t('action.import')}
            </Button>
          )}
          {onEdit && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('lists.editLimitsOf', { list: list.name })}
              onClick={() => onEdit(list)}
            >
              {t('lists.editLimits')}
            </Button>
          )}
          {onName && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('lists.editNamed', { list: list.name })}
              onClick={() => onName(list)}
            >
              {t('lists.edit')}
            </Button>
          )}
        </Group>
      ),
    },
  ];
}

function Mode({ list }: { list: List }) {
  const { t } = useTranslation();
  const { mode } = list.allocation;
  return (
    <Badge size="sm" variant="light" color={mode === 'LIMITED' ? 'cyan' : 'gray'}>
      {t(`mode.${mode}`)}
    </Badge>
  );
}

/** A list's own credits. Those that lists share are one figure, which the balance shows. */
function Available({ list }: { list: List }) {
  const { t } = useTranslation();
  const { assigned } = list.allocation;
  return assigned == null ? (
    <Text span size="sm" c="dimmed">
      {t('lists.shared')}
    </Text>
  ) : (
    formatDecimal(assigned)
  );
}
