import { useTranslation } from 'react-i18next';
import { countryName } from '../country/countries';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { UsageByCountryFragment } from '../generated/graphql';
import { formatCount, formatMoney } from '../number/decimal';
import { type Column, DataTable } from '../screen/DataTable';
import { Share } from './Share';

const BY_COUNTRY = graphql(`
  fragment UsageByCountry on UsageReport {
    countries {
      countryCode
      usage {
        recipientCount
        segmentCount
        credits
        cost {
          amount
          currencyCode
        }
      }
    }
  }
`);

type Row = UsageByCountryFragment['countries'][number];

/** Usage by destination country. */
export function UsageByCountry(props: { report: FragmentType<typeof BY_COUNTRY>; whole: string }) {
  const { t } = useTranslation();
  const { countries } = readFragment(BY_COUNTRY, props.report);
  const columns: Column<Row>[] = [
    { title: t('column.country'), heading: true, cell: (row) => countryName(row.countryCode) },
    {
      title: t('column.recipients'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.recipientCount),
    },
    {
      title: t('column.segments'),
      numeric: true,
      cell: ({ usage }) => formatCount(usage.segmentCount),
    },
    { title: t('column.credits'), decimal: ({ usage }) => usage.credits },
    { title: t('column.cost'), numeric: true, cell: ({ usage }) => formatMoney(usage.cost) },
    {
      title: t('column.share'),
      cell: ({ usage }) => <Share part={usage.credits} whole={props.whole} />,
    },
  ];
  return (
    <DataTable
      caption={t('usage.countryCaption')}
      columns={columns}
      rows={countries}
      rowKey={(row) => row.countryCode}
    />
  );
}
