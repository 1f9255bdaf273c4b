import { Alert, Button, Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { formatDecimal, formatMoney } from '../number/decimal';
import { serverText } from '../screen/server_text';
import { openPayment } from './payment';
import { COLORS, isOpen } from './status';

const RETURNED = graphql(`
  query ReturnedPurchase($id: ID!) {
    node(id: $id) {
      ... on Purchase {
        id
        status
        credits
        confirmationUrl
        failureReason
        price {
          amount
          currencyCode
        }
      }
    }
  }
`);

/** How often an undecided payment is asked about, in milliseconds. */
const ASK_EVERY = 3_000;

/** What became of the payment that the buyer comes back from, until it is dismissed. */
export function ReturnNotice() {
  const { t } = useTranslation();
  const [id, setId] = useState(returnedPurchase);
  const [{ data }, ask] = useQuery({
    query: RETURNED,
    variables: { id: id ?? '' },
    pause: !id,
    requestPolicy: 'network-only',
  });
  const found = data?.node;
  const purchase = found && 'status' in found ? found : undefined;
  const undecided = purchase && isOpen(purchase.status);

  useEffect(() => {
    if (!undecided) return;
    const timer = setInterval(() => ask({ requestPolicy: 'network-only' }), ASK_EVERY);
    return () => clearInterval(timer);
  }, [undecided, ask]);

  if (!id || !purchase) return null;
  const url = purchase.confirmationUrl;
  const { status, failureReason } = purchase;
  const bought = t('payment.bought', {
    credits: formatDecimal(purchase.credits),
    price: formatMoney(purchase.price),
  });
  return (
    <Alert
      color={COLORS[status]}
      role="status"
      withCloseButton
      closeButtonLabel={t('action.dismiss')}
      onClose={() => {
        forgetReturn();
        setId(undefined);
      }}
      title={t(`payment.${status}.title`)}
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          {bought}: {t(`payment.${status}.meaning`)}
          {failureReason && ` ${serverText(failureReason)}`}
        </Text>
        {undecided && url && (
          <Button size="xs" variant="default" onClick={() => openPayment(url)}>
            {t('payment.page')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** The purchase that the payment page appended to the return address. */
function returnedPurchase(): string | undefined {
  return new URLSearchParams(location.search).get('purchase_id') ?? undefined;
}

function forgetReturn(): void {
  const url = new URL(location.href);
  url.searchParams.delete('purchase_id');
  history.replaceState(history.state, '', url);
}
