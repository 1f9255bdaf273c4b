import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { formatDecimal, formatMoney } from '../number/decimal';
import { Dialog } from '../screen/Dialog';
import { Emphasized } from '../screen/Emphasized';
import { Failure } from '../screen/Failure';
import { errorsAt, received, type UserError } from '../screen/user_errors';
import { newIdempotencyKey } from '../session/idempotency_key';
import { openPayment } from './payment';

const PURCHASE = graphql(`
  mutation PurchaseCredits($input: PurchaseCreditsInput!) {
    purchaseCredits(input: $input) {
      purchase {
        id
        status
        confirmationUrl
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`);

interface Props {
  accountId: string;
  offer: {
    id: string;
    name: string;
    credits: string;
    price: { amount: string; currencyCode: string };
    validityDays?: number | null;
  };
  onClose(): void;
}

/** Confirms a purchase and its price, then opens the payment page. */
export function PurchaseDialog({ accountId, offer, onClose }: Props) {
  const { t } = useTranslation();
  // One key per dialog: clicking twice, or again after a lost response, starts one payment.
  const [idempotencyKey] = useState(newIdempotencyKey);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, purchase] = useMutation(PURCHASE);
  const { elsewhere } = errorsAt(refusals);

  async function start() {
    setRefusals([]);
    const returnUrl = location.href;
    const { data } = await purchase({
      input: { accountId, packageId: offer.id, returnUrl, idempotencyKey },
    });
    if (!data) return;
    const answer = data.purchaseCredits;
    setRefusals(received(answer.userErrors));
    if (answer.userErrors.length > 0) return;
    const url = answer.purchase?.confirmationUrl;
    if (url) openPayment(url);
    else onClose();
  }

  return (
    <Dialog onClose={onClose} title={t('packages.buyTitle', { name: offer.name })}>
      <Stack gap="md">
        {error && <Failure error={error} />}
        {elsewhere && (
          <Alert color="red" role="alert">
            {elsewhere}
          </Alert>
        )}
        <Text size="sm">
          <Emphasized
            text={t('packages.offer', {
              credits: formatDecimal(offer.credits),
              price: formatMoney(offer.price),
            })}
          />{' '}
          {offer.validityDays
            ? t('packages.validFor', { count: offer.validityDays })
            : t('packages.neverExpire')}
        </Text>
        <Text size="sm" c="dimmed">
          {t('packages.ownerApproves')}
        </Text>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button data-autofocus loading={fetching} onClick={start}>
            {t('packages.pay')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
