import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { GeneralDialog } from './GeneralDialog';

const SETTINGS = graphql(`
  query Settings($accountId: ID!) {
    account(id: $accountId) {
      id
      name
      timeZone
      currencyCode
      consumptionOrder
      returnOrigins
    }
  }
`);

/** The account's name, time zone, order of spending and origins. */
export function GeneralPanel(props: { accountId: string; mayChange: boolean }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const [{ data, error, fetching }, ask] = useQuery({
    query: SETTINGS,
    variables: { accountId: props.accountId },
  });
  const account = data?.account;

  return (
    <Panel
      title={t('settings.title')}
      aside={
        props.mayChange &&
        account && (
          <Button
            size="xs"
            variant="default"
            aria-label={t('settings.change')}
            onClick={() => setEditing(true)}
          >
            {t('action.change')}
          </Button>
        )
      }
    >
      {error && <Failure error={error} onRetry={ask} />}
      {!account && fetching && <Pending />}
      {account && (
        <Figures
          figures={[
            [t('settings.name'), account.name],
            [t('settings.timeZone'), account.timeZone],
            [t('settings.currency'), account.currencyCode],
            [t('settings.order'), t(`settings.orders.${account.consumptionOrder}`)],
            [
              t('settings.origins'),
              account.returnOrigins.length > 0
                ? account.returnOrigins.join(', ')
                : t('settings.noOrigins'),
            ],
          ]}
        />
      )}
      {editing && account && <GeneralDialog account={account} onClose={() => setEditing(false)} />}
    </Panel>
  );
}
