import { Alert, Button, Group, NativeSelect, Stack, Switch } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { openPayment } from '../credit_package/payment';
import { graphql } from '../generated';
import { formatDecimal, formatMoney } from '../number/decimal';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { errorsAt, received, type UserError } from '../screen/user_errors';

const OFFERS = graphql(`
  query RechargeOffers($currencyCode: CurrencyCode!) {
    creditPackages(first: 100, currencyCode: $currencyCode) {
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

const CREDITS = { kind: 'credits' } as const;

/** Sets when the account recharges, with which package, and how much a month may cost. */
export function RechargeDialog({ accountId, currencyCode, recharge, onClose }: Props) {
  const { t } = useTranslation();
  const money = { kind: 'money', currencyCode } as const;
  const [enabled, setEnabled] = useState(true);
  const [threshold, setThreshold] = useState(editable(recharge.threshold ?? ''));
  const [packageId, setPackageId] = useState(recharge.package?.id ?? '');
  const [limit, setLimit] = useState(editable(recharge.monthlyLimit?.amount ?? ''));
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: offered }] = useQuery({ query: OFFERS, variables: { currencyCode } });
  const [{ error, fetching }, update] = useMutation(UPDATE);

  const offers = offered?.creditPackages.nodes ?? [];
  const chosen = packageId || offers[0]?.id || '';
  const at = (...names: string[]) => errorsAt(refusals, ...names).here;
  const { elsewhere } = errorsAt(refusals, 'threshold', 'packageId', 'monthlyLimit', 'amount');

  function edit(change: (typed: string) => void) {
    return (typed: string) => {
      change(typed);
      setRefusals([]);
    };
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    const credits = readNumber(threshold, CREDITS);
    const amount = readNumber(limit, money);
    const wrong: UserError[] = [];
    if (enabled && 'problem' in credits) {
      wrong.push({ field: ['threshold'], message: problemText(t, credits.problem, CREDITS) });
    }
    // An empty field is no limit.
    const noLimit = 'problem' in amount && amount.problem.kind === 'empty';
    if (enabled && 'problem' in amount && !noLimit) {
      wrong.push({ field: ['monthlyLimit'], message: problemText(t, amount.problem, money) });
    }
    setRefusals(wrong);
    if (wrong.length > 0) return;
    const settings = {
      threshold: 'value' in credits ? credits.value : undefined,
      packageId: chosen || undefined,
      monthlyLimit: 'value' in amount ? { amount: amount.value, currencyCode } : null,
      returnUrl: location.href,
    };
    const { data } = await update({
      input: { accountId, enabled, ...(enabled && settings) },
    });
    if (!data) return;
    const answer = data.updateAutoRecharge;
    setRefusals(received(answer.userErrors));
    if (answer.userErrors.length > 0) return;
    const url = answer.autoRecharge?.confirmationUrl;
    onClose();
    if (url) openPayment(url);
  }

  return (
    <Dialog onClose={onClose} title={t('recharge.title')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {error && <Failure error={error} />}
          {elsewhere && (
            <Alert color="red" role="alert">
              {elsewhere}
            </Alert>
          )}
          <Switch
            label={t('recharge.switch')}
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
          {enabled && (
            <>
              <NumberField
                label={t('recharge.threshold')}
                description={t('recharge.thresholdMeaning')}
                unit={CREDITS}
                autoFocus
                value={threshold}
                error={at('threshold')}
                onChange={edit(setThreshold)}
              />
              <NativeSelect
                label={t('column.package')}
                value={chosen}
                error={at('packageId')}
                data={offers.map((one) => ({
                  value: one.id,
                  label: t('recharge.offer', {
                    name: one.name,
                    credits: formatDecimal(one.credits),
                    price: formatMoney(one.price),
                  }),
                }))}
                onChange={(event) => setPackageId(event.currentTarget.value)}
              />
              <NumberField
                label={t('recharge.limit', { currency: currencyCode })}
                description={t('recharge.limitMeaning')}
                unit={money}
                value={limit}
                error={at('monthlyLimit', 'amount')}
                onChange={edit(setLimit)}
              />
            </>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={fetching}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
