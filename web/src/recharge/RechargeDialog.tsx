import { Alert, Button, Group, Modal, NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { openPayment } from '../credit_package/payment';
import { graphql } from '../generated';
import { formatDecimal, formatMoney, parseCredits, parseMoney } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { errorsAt, type UserError } from '../screen/user_errors';

const OFFERS = graphql(`
  query RechargeOffers {
    creditPackages(first: 100) {
      nodes {
        id
        name
        credits
        price {
          amount
          currencyCode
        }
      }
    }
  }
`);

const UPDATE = graphql(`
  mutation UpdateAutoRecharge($input: UpdateAutoRechargeInput!) {
    updateAutoRecharge(input: $input) {
      autoRecharge {
        enabled
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
  currencyCode: string;
  recharge: {
    enabled: boolean;
    threshold?: string | null;
    package?: { id: string } | null;
    monthlyLimit?: { amount: string } | null;
  };
  onClose(): void;
}

/** Sets when the account recharges, with which package, and how much a month may cost. */
export function RechargeDialog({ accountId, currencyCode, recharge, onClose }: Props) {
  const [enabled, setEnabled] = useState(true);
  const [threshold, setThreshold] = useState(recharge.threshold ?? '');
  const [packageId, setPackageId] = useState(recharge.package?.id ?? '');
  const [limit, setLimit] = useState(recharge.monthlyLimit?.amount ?? '');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: offered }] = useQuery({ query: OFFERS });
  const [{ error, fetching }, update] = useMutation(UPDATE);

  const offers = (offered?.creditPackages.nodes ?? []).filter(
    (one) => one.price.currencyCode === currencyCode,
  );
  const chosen = packageId || offers[0]?.id || '';
  const at = (name: string) => errorsAt(refusals, name).here;
  const { elsewhere } = errorsAt(refusals, 'threshold', 'packageId', 'monthlyLimit', 'amount');

  async function submit(event: FormEvent) {
    event.preventDefault();
    const wrong: UserError[] = [];
    const credits = parseCredits(threshold);
    const amount = limit.trim() === '' ? null : parseMoney(limit);
    if (enabled && credits === undefined) {
      wrong.push({ field: ['threshold'], message: 'Enter a number of credits, such as 500.' });
    }
    if (amount === undefined) {
      wrong.push({ field: ['monthlyLimit'], message: 'Enter an amount, such as 300 or 49.90.' });
    }
    setRefusals(wrong);
    if (wrong.length > 0) return;
    const settings = {
      threshold: credits,
      packageId: chosen || undefined,
      monthlyLimit: amount === null ? null : { amount: amount ?? '0', currencyCode },
      returnUrl: location.href,
    };
    const { data } = await update({
      input: { accountId, enabled, ...(enabled && settings) },
    });
    if (!data) return;
    const answer = data.updateAutoRecharge;
    setRefusals(answer.userErrors);
    if (answer.userErrors.length > 0) return;
    const url = answer.autoRecharge?.confirmationUrl;
    onClose();
    if (url) openPayment(url);
  }

  return (
    <Modal opened onClose={onClose} title="Automatic recharge">
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {error && <Failure error={error} />}
          {elsewhere && (
            <Alert color="red" role="alert">
              {elsewhere}
            </Alert>
          )}
          <Switch
            label="Buy credits automatically when they run low"
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
          {enabled && (
            <>
              <TextInput
                label="Recharge below"
                description="Available credits at which a package is bought."
                inputMode="decimal"
                data-autofocus
                value={threshold}
                error={at('threshold')}
                onChange={(event) => setThreshold(event.currentTarget.value)}
              />
              <NativeSelect
                label="Package"
                value={chosen}
                error={at('packageId')}
                data={offers.map((one) => ({
                  value: one.id,
                  label: `${one.name}: ${formatDecimal(one.credits)} credits for ${formatMoney(one.price)}`,
                }))}
                onChange={(event) => setPackageId(event.currentTarget.value)}
              />
              <TextInput
                label={`At most in a month (${currencyCode})`}
                description="Leave it empty for no limit. Nothing is charged beyond it."
                inputMode="decimal"
                value={limit}
                error={at('monthlyLimit') ?? at('amount')}
                onChange={(event) => setLimit(event.currentTarget.value)}
              />
            </>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={fetching}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
