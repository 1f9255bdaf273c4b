import { Alert, Button, Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { formatDecimal, formatMoney } from '../number/decimal';
import { openPayment } from './payment';
import { isOpen, STATUSES } from './status';

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
  const bought = `${formatDecimal(purchase.credits)} credits for ${formatMoney(purchase.price)}`;
  return (
    <Alert
      color={STATUSES[purchase.status].color}
      role="status"
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={() => {
        forgetReturn();
        setId(undefined);
      }}
      title={STATUSES[purchase.status].title}
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          {bought}: {STATUSES[purchase.status].meaning}
          {purchase.failureReason && ` ${purchase.failureReason}`}
        </Text>
        {undecided && url && (
          <Button size="xs" variant="default" onClick={() => openPayment(url)}>
            Payment page
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
