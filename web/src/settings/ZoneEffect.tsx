import { Alert, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { creditsText } from '../number/credits';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { formatInstant, formatLastDay } from '../time/format';
import { zoneEffect } from './zone_effect';

const LOTS = graphql(`
  query LotsOfZone($accountId: ID!) {
    account(id: $accountId) {
      id
      lots(first: 500, state: ACTIVE) {
        nodes {
          id
          remaining
          expiresOn
          expiresAt
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

/** Says, before it is saved, what another time zone does to the expiry of the account's credits. */
export function ZoneEffect(props: { accountId: string; before: string; after: string }) {
  const { t } = useTranslation();
  const { before, after } = props;
  const [{ data, error, fetching }, retry] = useQuery({
    query: LOTS,
    variables: { accountId: props.accountId },
    requestPolicy: 'cache-and-network',
  });
  const lots = data?.account?.lots;

  if (error) return <Failure error={error} onRetry={retry} />;
  if (!lots) return fetching ? <Pending rows={2} /> : null;
  const { lost, next } = zoneEffect(lots.nodes, after, new Date().toISOString());
  return (
    <Alert color={lost ? 'red' : 'yellow'} role="status" title={t('zone.title', { zone: after })}>
      <Text size="sm">{t('zone.meaning')}</Text>
      {lost && (
        <Text size="sm" mt={4} fw={600}>
          {t('zone.lost', {
            count: lost.lots,
            credits: creditsText(t, lost.credits),
          })}
        </Text>
      )}
      {next ? (
        <Text size="sm" mt={4}>
          {t('zone.next', {
            credits: creditsText(t, next.credits),
            day: formatLastDay(next.expiresOn),
            before: formatInstant(next.before, before),
            after: formatInstant(next.after, before),
            zone: before,
          })}
        </Text>
      ) : (
        !lost && (
          <Text size="sm" mt={4}>
            {t('zone.none')}
          </Text>
        )
      )}
      {lots.pageInfo.hasNextPage && (
        <Text size="sm" mt={4}>
          {t('zone.newestOnly')}
        </Text>
      )}
    </Alert>
  );
}
