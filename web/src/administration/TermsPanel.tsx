import { Button } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { formatMoney } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Figures } from '../screen/Figures';
import { Panel } from '../screen/Panel';
import { Pending } from '../screen/Pending';
import { TermsDialog } from './TermsDialog';

const TERMS = graphql(`
  query Terms($accountId: ID!) {
    account(id: $accountId) {
      id
      settlement
      retentionMonths
      subscriptionFee {
        amount
        currencyCode
      }
      rateCard {
        id
        code
        version
        creditValue {
          currencyCode
        }
      }
    }
  }
`);

/** The account's rate card, fee, settlement and retention, which the platform sets. */
export function TermsPanel(props: { accountId: string; currencyCode: string; mayChange: boolean }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const [{ data, error, fetching }, ask] = useQuery({
    query: TERMS,
    variables: { accountId: props.accountId },
  });
  const account = data?.account;
  const isForeign = account?.rateCard.creditValue.currencyCode !== props.currencyCode;

  const edit = props.mayChange && account && (
    <Button
      size="xs"
      variant="default"
      aria-label={t('terms.change')}
      onClick={() => setEditing(true)}
    >
      {t('action.change')}
    </Button>
  );

  return (
    <Panel title={t('terms.title')} aside={edit}>
      {error && <Failure error={error} onRetry={ask} />}
      {!account && fetching && <Pending />}
      {account && (
        <Figures
          figures={[
            [
              t('terms.rateCard'),
              // Accounts from before cards were checked may have one in another currency.
              t(isForeign ? 'terms.foreignVersion' : 'terms.version', {
                code: account.rateCard.code,
                version: account.rateCard.version,
                currency: account.rateCard.creditValue.currencyCode,
              }),
            ],
            [t('terms.fee'), formatMoney(account.subscriptionFee)],
            [t('terms.settlement'), t(`terms.settlements.${account.settlement}`)],
            [t('terms.retention'), retention(t, account.retentionMonths)],
          ]}
        />
      )}
      {editing && account && (
        <TermsDialog
          account={account}
          currencyCode={props.currencyCode}
          onClose={() => {
            setEditing(false);
            ask({ requestPolicy: 'network-only' });
          }}
        />
      )}
    </Panel>
  );
}

function retention(t: TFunction, months: number | null | undefined): string {
  if (months == null) return t('terms.kept');
  return months === 0 ? t('terms.withinADay') : t('terms.months', { count: months });
}
