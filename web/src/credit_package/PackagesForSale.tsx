import { Badge, Button, Group, Switch, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import type { AllPackagesQuery } from '../generated/graphql';
import { formatMoney, pricePerCredit } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { FormDialog } from '../screen/FormDialog';
import { Nothing } from '../screen/Nothing';
import { Pager } from '../screen/Pager';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { usePaging } from '../screen/paging';
import { otherErrors, received, type UserError } from '../screen/user_errors';
import { EditPackageDialog } from './EditPackageDialog';
import { NewPackageDialog } from './NewPackageDialog';

const PACKAGES = graphql(`
  query AllPackages($first: Int!, $after: String, $includeArchived: Boolean!) {
    creditPackages(first: $first, after: $after, includeArchived: $includeArchived) {
      nodes {
        id
        code
        name
        credits
        price {
          amount
          currencyCode
        }
        validityDays
        archived
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

const ARCHIVE = graphql(`
  mutation ArchivePackage($input: ArchiveCreditPackageInput!) {
    archiveCreditPackage(input: $input) {
      package {
        id
        archived
      }
      userErrors {
        field
        message
      }
    }
  }
`);

type Package = AllPackagesQuery['creditPackages']['nodes'][number];

/** What is open above the table. */
type Open = { kind: 'new' } | { kind: 'edit' | 'archive'; one: Package };

/** The packages of all currencies; creates new ones, changes them and takes them off sale. */
export function PackagesForSale({ mayChange }: { mayChange: boolean }) {
  const { t } = useTranslation();
  const [includeArchived, setIncludeArchived] = useState(false);
  const [open, setOpen] = useState<Open>();
  const paging = usePaging(20);
  const [{ data, error, fetching }, ask] = useQuery({
    query: PACKAGES,
    variables: { first: paging.size, after: paging.after, includeArchived },
  });
  const packages = data?.creditPackages;

  function close() {
    setOpen(undefined);
    ask({ requestPolicy: 'network-only' });
  }

  return (
    <Panel
      title={t('packages.forSale')}
      aside={
        <Group gap="sm">
          <Switch
            size="sm"
            label={t('packages.withArchived')}
            checked={includeArchived}
            onChange={(event) => {
              setIncludeArchived(event.currentTarget.checked);
              paging.restart();
            }}
          />
          {mayChange && (
            <Button size="xs" onClick={() => setOpen({ kind: 'new' })}>
              {t('packages.create')}
            </Button>
          )}
        </Group>
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!packages && fetching && <Pending rows={6} />}
      {packages?.nodes.length === 0 && <Nothing>{t('packages.noneAtAll')}</Nothing>}
      {packages && packages.nodes.length > 0 && (
        <>
          <DataTable
            caption={t('packages.forSale')}
            columns={columns(t, mayChange ? setOpen : undefined)}
            rows={packages.nodes}
            rowKey={(one) => one.id}
          />
          <Pager
            label={t('pager.packages')}
            paging={paging}
            pageInfo={packages.pageInfo}
            totalCount={packages.totalCount}
          />
        </>
      )}
      {open?.kind === 'new' && <NewPackageDialog onClose={close} />}
      {open?.kind === 'edit' && <EditPackageDialog one={open.one} onClose={close} />}
      {open?.kind === 'archive' && <ArchiveDialog one={open.one} onClose={close} />}
    </Panel>
  );
}

function columns(t: TFunction, open?: (next: Open) => void): Column<Package>[] {
  const shown: Column<Package>[] = [
    {
      title: t('column.package'),
      heading: true,
      cell: (one) => (
        <>
          {one.name}
          <Text size="xs" c="dimmed">
            {one.code}
          </Text>
        </>
      ),
    },
    { title: t('column.credits'), decimal: (one) => one.credits },
    { title: t('column.price'), numeric: true, cell: (one) => formatMoney(one.price) },
    {
      title: t('column.pricePerCredit'),
      numeric: true,
      cell: ({ price, credits }) =>
        formatMoney({ ...price, amount: pricePerCredit(price.amount, credits) }),
    },
    {
      title: t('column.validity'),
      numeric: true,
      cell: ({ validityDays }) =>
        validityDays ? t('packages.days', { count: validityDays }) : t('packages.noLimit'),
    },
    {
      title: t('column.state'),
      cell: ({ archived }) => (
        <Badge variant="light" size="sm" color={archived ? 'gray' : 'teal'}>
          {archived ? t('packages.archived') : t('packages.onSale')}
        </Badge>
      ),
    },
  ];
  if (!open) return shown;
  return [
    ...shown,
    {
      title: t('column.change'),
      hideTitle: true,
      numeric: true,
      cell: (one) =>
        !one.archived && (
          <Group gap={4} justify="flex-end" wrap="nowrap">
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('packages.editNamed', { name: one.name, code: one.code })}
              onClick={() => open({ kind: 'edit', one })}
            >
              {t('action.edit')}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={t('packages.archiveNamed', { name: one.name, code: one.code })}
              onClick={() => open({ kind: 'archive', one })}
            >
              {t('action.archive')}
            </Button>
          </Group>
        ),
    },
  ];
}

/** Takes a package off sale, after asking. */
function ArchiveDialog({ one, onClose }: { one: Package; onClose(): void }) {
  const { t } = useTranslation();
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, archive] = useMutation(ARCHIVE);

  async function submit() {
    const { data } = await archive({ input: { packageId: one.id } });
    if (!data) return;
    const { userErrors } = data.archiveCreditPackage;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('packages.archiveTitle', { name: one.name, code: one.code })}
      action={t('action.archive')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={onClose}
    >
      <Text size="sm">{t('packages.archiveMeaning')}</Text>
    </FormDialog>
  );
}
