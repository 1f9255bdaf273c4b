import type { TFunction } from 'i18next';
import { formatCount, formatMoney } from '../number/decimal';
import type { Column } from '../screen/DataTable';

interface Costs {
  recipientCount: number;
  credits: string;
  cost: { amount: string; currencyCode: string };
}

/** The columns of what messages cost. */
export function costColumns<Message extends Costs>(t: TFunction): Column<Message>[] {
  return [
    {
      title: t('column.recipients'),
      numeric: true,
      cell: ({ recipientCount }) => formatCount(recipientCount),
    },
    { title: t('column.credits'), decimal: ({ credits }) => credits },
    { title: t('column.cost'), numeric: true, cell: ({ cost }) => formatMoney(cost) },
  ];
}
