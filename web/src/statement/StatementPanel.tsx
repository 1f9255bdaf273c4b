import { Button, Group, Select, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { packageName } from '../credit_package/package_name';
import { graphql } from '../generated';
import type { StatementQuery } from '../generated/graphql';
import { formatMoney, isZero } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { explain } from '../screen/explain';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { formatInstant, formatMonth } from '../time/format';
import { monthsBack } from '../time/period';
import { save } from '../usage/save';

const STATEMENT = graphql(`
  query Statement($accountId: ID!, $month: Date!) {
    account(id: $accountId) {
      id
      statement(month: $month) {
        month
        oneTimePayments {
          amount
          currencyCode
        }
        recharges {
          amount
          currencyCode
        }
        subscriptionFee {
          amount
          currencyCode
        }
        refunds {
          amount
          currencyCode
        }
        total {
          amount
          currencyCode
        }
        credits {
          opening
          purchased
          recharged
          granted
          spent
          expired
          revoked
          chargedBack
          debtPaid
          closing
        }
        purchases {
          id
          automatic
          decidedAt
          credits
          package {
            id
            name
          }
          price {
            amount
            currencyCode
          }
        }
      }
    }
  }
`);

const DOWNLOAD = graphql(`
  query DownloadStatement($accountId: ID!, $month: Date!) {
    account(id: $accountId) {
      id
      statement(month: $month) {
        download {
          url
          fileName
        }
      }
    }
  }
`);

type Statement = NonNullable<StatementQuery['account']>['statement'];
type Payment = Statement['purchases'][number];

/** A month's bill, and what became of the credits in it. */
export function StatementPanel(props: {
  accountId: string;
  timeZone: string;
  today: string;
  changes: number;
}) {
  const { t } = useTranslation();
  const { accountId, timeZone } = props;
  const months = useMemo(() => monthsBack(props.today, 24), [props.today]);
  const [month, setMonth] = useState(months[0] ?? props.today);
  const [{ data, error, fetching }, ask] = useQuery({
    query: STATEMENT,
    variables: { accountId, month },
  });
  useRefreshOn(props.changes, ask);
  const statement = data?.account?.statement;

  return (
    <Panel title={t('statement.title')} aside={<Download accountId={accountId} month={month} />}>
      <Stack gap="sm">
        <Select
          label={t('statement.month')}
          w={200}
          allowDeselect={false}
          value={month}
          data={months.map((value) => ({ value, label: formatMonth(value) }))}
          onChange={(value) => value && setMonth(value)}
        />
        {error && <Failure error={error} onRetry={ask} />}
        {!statement && fetching && <Pending />}
        {statement && (
          <>
            <DataTable
              caption={t('statement.bill')}
              narrow="table"
              columns={billColumns(t)}
              rows={bill(t, statement)}
              rowKey={(row) => row.title}
            />
            <DataTable
              caption={t('statement.credits')}
              narrow="table"
              columns={creditColumns(t)}
              rows={credits(t, statement)}
              rowKey={(row) => row.title}
            />
            {statement.purchases.length === 0 ? (
              <Nothing>{t('statement.nothingPaid')}</Nothing>
            ) : (
              <DataTable
                caption={t('statement.payments')}
                columns={payments(t, timeZone)}
                rows={statement.purchases}
                rowKey={(one) => one.id}
              />
            )}
          </>
        )}
      </Stack>
    </Panel>
  );
}

interface Line {
  title: string;
  value: string;
}

function billColumns(t: TFunction): Column<Line>[] {
  return [
    { title: t('statement.bill'), heading: true, cell: (row) => row.title },
    { title: t('column.amount'), numeric: true, cell: (row) => row.value },
  ];
}

function bill(t: TFunction, statement: Statement): Line[] {
  const { subscriptionFee, oneTimePayments, recharges, refunds, total } = statement;
  const lines: Line[] = [
    { title: t('statement.subscription'), value: formatMoney(subscriptionFee) },
    { title: t('statement.oneTime'), value: formatMoney(oneTimePayments) },
    { title: t('statement.recharges'), value: formatMoney(recharges) },
  ];
  if (!isZero(refunds.amount)) {
    const back = { ...refunds, amount: `-${refunds.amount}` };
    lines.push({ title: t('statement.refunds'), value: formatMoney(back) });
  }
  lines.push({ title: t('statement.total'), value: formatMoney(total) });
  return lines;
}

function creditColumns(t: TFunction): Column<Line>[] {
  return [
    { title: t('column.credits'), heading: true, cell: (row) => row.title },
    { title: t('column.number'), decimal: (row) => row.value },
  ];
}

/** What came in and what went out; lines without credits are left out. */
function credits(t: TFunction, { credits: c }: Statement): Line[] {
  // A month that has not begun has none.
  if (!c) return [];
  const moved: [string, string, boolean][] = [
    [t('statement.bought'), c.purchased, true],
    [t('statement.recharged'), c.recharged, true],
    [t('statement.granted'), c.granted, true],
    [t('statement.spent'), c.spent, false],
    [t('statement.expired'), c.expired, false],
    [t('statement.revoked'), c.revoked, false],
    [t('statement.chargedBack'), c.chargedBack, false],
    [t('statement.debtPaid'), c.debtPaid, false],
  ];
  const lines = moved
    .filter(([, value]) => !isZero(value))
    .map(([title, value, isIn]) => ({ title, value: isIn ? value : `-${value}` }));
  return [
    { title: t('statement.opening'), value: c.opening },
    ...lines,
    { title: t('statement.closing'), value: c.closing },
  ];
}

function payments(t: TFunction, timeZone: string): Column<Payment>[] {
  return [
    {
      title: t('column.paid'),
      heading: true,
      cell: (one) => (one.decidedAt ? formatInstant(one.decidedAt, timeZone) : '—'),
    },
    {
      title: t('column.package'),
      cell: (one) => packageName(t, one),
    },
    { title: t('column.credits'), decimal: (one) => one.credits },
    { title: t('column.price'), numeric: true, cell: (one) => formatMoney(one.price) },
  ];
}

/** Downloads the statement as a workbook. The link is asked for on the click. */
function Download({ accountId, month }: { accountId: string; month: string }) {
  const { t } = useTranslation();
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function download() {
    setAsking(true);
    setProblem(undefined);
    const { data, error } = await client
      .query(DOWNLOAD, { accountId, month }, { requestPolicy: 'network-only' })
      .toPromise();
    setAsking(false);
    const link = data?.account?.statement.download;
    if (link) save(link);
    else setProblem(error ? explain(t, error) : t('failure.noFile'));
  }

  return (
    <Group gap="sm">
      {problem && (
        <Text size="sm" c="red" role="alert">
          {problem}
        </Text>
      )}
      <Button size="xs" variant="default" loading={asking} onClick={download}>
        {t('action.downloadExcel')}
      </Button>
    </Group>
  );
}
