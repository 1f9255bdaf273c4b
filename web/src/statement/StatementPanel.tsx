import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useClient, useQuery } from 'urql';
import { useRefreshOn } from '../balance/refresh';
import { graphql } from '../generated';
import type { StatementQuery } from '../generated/graphql';
import { formatDecimal, formatMoney, isZero } from '../number/decimal';
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
    <Panel title="Statement" aside={<Download accountId={accountId} month={month} />}>
      <Stack gap="sm">
        <Select
          label="Month"
          w={200}
          allowDeselect={false}
          value={month}
          data={months.map((value) => ({ value, label: formatMonth(value) }))}
          onChange={(value) => value && setMonth(value)}
        />
        {error && <Failure error={error} onRetry={ask} />}
        {!statement && fetching && <Pending what="the statement" />}
        {statement && (
          <>
            <DataTable
              caption="Bill"
              narrow="table"
              columns={BILL}
              rows={bill(statement)}
              rowKey={(row) => row.title}
            />
            <DataTable
              caption="Credits of the month"
              narrow="table"
              columns={CREDITS}
              rows={credits(statement)}
              rowKey={(row) => row.title}
            />
            {statement.purchases.length === 0 ? (
              <Nothing>Nothing was paid in this month.</Nothing>
            ) : (
              <DataTable
                caption="Payments of the month"
                columns={payments(timeZone)}
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

const BILL: Column<Line>[] = [
  { title: 'Bill', heading: true, cell: (row) => row.title },
  { title: 'Amount', numeric: true, cell: (row) => row.value },
];

function bill(statement: Statement): Line[] {
  const { subscriptionFee, oneTimePayments, recharges, refunds, total } = statement;
  const lines: Line[] = [
    { title: 'Subscription', value: formatMoney(subscriptionFee) },
    { title: 'One-time payments', value: formatMoney(oneTimePayments) },
    { title: 'Automatic recharges', value: formatMoney(recharges) },
  ];
  if (!isZero(refunds.amount)) {
    const back = { ...refunds, amount: `-${refunds.amount}` };
    lines.push({ title: 'Refunds and chargebacks', value: formatMoney(back) });
  }
  lines.push({ title: 'Total', value: formatMoney(total) });
  return lines;
}

interface CreditLine {
  title: string;
  value: string;
}

const CREDITS: Column<CreditLine>[] = [
  { title: 'Credits', heading: true, cell: (row) => row.title },
  { title: 'Number', decimal: (row) => row.value },
];

/** What came in and what went out; lines without credits are left out. */
function credits({ credits: c }: Statement): CreditLine[] {
  // A month that has not begun has none.
  if (!c) return [];
  const moved: [string, string, boolean][] = [
    ['Bought', c.purchased, true],
    ['Recharged', c.recharged, true],
    ['Granted', c.granted, true],
    ['Spent', c.spent, false],
    ['Expired', c.expired, false],
    ['Revoked', c.revoked, false],
    ['Charged back', c.chargedBack, false],
    ['Debt paid', c.debtPaid, false],
  ];
  const lines = moved
    .filter(([, value]) => !isZero(value))
    .map(([title, value, isIn]) => ({ title, value: isIn ? value : `-${value}` }));
  return [
    { title: 'At the beginning', value: c.opening },
    ...lines,
    { title: 'At the end', value: c.closing },
  ];
}

function payments(timeZone: string): Column<Payment>[] {
  return [
    {
      title: 'Paid',
      heading: true,
      cell: (one) => (one.decidedAt ? formatInstant(one.decidedAt, timeZone) : '—'),
    },
    {
      title: 'Package',
      cell: (one) => `${one.package?.name ?? '—'}${one.automatic ? ' (auto-recharge)' : ''}`,
    },
    { title: 'Credits', cell: (one) => formatDecimal(one.credits), numeric: true },
    { title: 'Price', numeric: true, cell: (one) => formatMoney(one.price) },
  ];
}

/** Downloads the statement as a workbook. The link is asked for on the click. */
function Download({ accountId, month }: { accountId: string; month: string }) {
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
    else setProblem(error ? explain(error) : 'The file can’t be created.');
  }

  return (
    <Group gap="sm">
      {problem && (
        <Text size="sm" c="red" role="alert">
          {problem}
        </Text>
      )}
      <Button size="xs" variant="default" loading={asking} onClick={download}>
        Download Excel
      </Button>
    </Group>
  );
}
