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
        recipients
        segments
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
  const { countries } = readFragment(BY_COUNTRY, props.report);
  const columns: Column<Row>[] = [
    { title: 'Country', heading: true, cell: (row) => countryName(row.countryCode) },
    { title: 'Recipients', numeric: true, cell: ({ usage }) => formatCount(usage.recipients) },
    { title: 'Segments', numeric: true, cell: ({ usage }) => formatCount(usage.segments) },
    { title: 'Credits', decimal: ({ usage }) => usage.credits },
    { title: 'Cost', numeric: true, cell: ({ usage }) => formatMoney(usage.cost) },
    { title: 'Share', cell: ({ usage }) => <Share part={usage.credits} whole={props.whole} /> },
  ];
  return (
    <DataTable
      caption="Usage by destination country"
      columns={columns}
      rows={countries}
      rowKey={(row) => row.countryCode}
    />
  );
}
