import { Radio, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import type { ConsumptionOrder } from '../generated/graphql';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { lines, zones } from './choices';
import { ZoneEffect } from './ZoneEffect';

const UPDATE = graphql(`
  mutation UpdateSettings($input: UpdateAccountInput!) {
    updateAccount(input: $input) {
      account {
        id
        name
        timeZone
        consumptionOrder
        returnOrigins
      }
      userErrors {
        field
        message
      }
    }
  }
`);

interface Props {
  account: {
    id: string;
    name: string;
    timeZone: string;
    consumptionOrder: ConsumptionOrder;
    returnOrigins: string[];
  };
  onClose(): void;
}

/** Every order of spending; the type makes a missing one an error. */
const ORDERS = Object.keys({
  NON_EXPIRING_FIRST: true,
  SOONEST_EXPIRY_FIRST: true,
} satisfies Record<ConsumptionOrder, true>) as ConsumptionOrder[];

/** Changes the account's settings. Only those that differ are sent. */
export function GeneralDialog({ account, onClose }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState(account.name);
  const [timeZone, setTimeZone] = useState(account.timeZone);
  const [order, setOrder] = useState(account.consumptionOrder);
  const [origins, setOrigins] = useState(account.returnOrigins.join('\n'));
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, update] = useMutation(UPDATE);
  const choices = useMemo(() => zones(account.timeZone), [account.timeZone]);

  async function submit() {
    setRefusals([]);
    const returnOrigins = lines(origins);
    const { data } = await update({
      input: {
        accountId: account.id,
        ...(name !== account.name && { name }),
        ...(timeZone !== account.timeZone && { timeZone }),
        ...(order !== account.consumptionOrder && { consumptionOrder: order }),
        ...(returnOrigins.join() !== account.returnOrigins.join() && { returnOrigins }),
      },
    });
    if (!data) return;
    const { userErrors } = data.updateAccount;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={t('settings.change')}
      action={t('action.save')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'name', 'timeZone', 'returnOrigins')}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label={t('settings.name')}
        attributes={{ input: { dir: 'auto' } }}
        data-autofocus
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t('settings.timeZone')}
        description={t('settings.timeZoneMeaning')}
        searchable
        allowDeselect={false}
        limit={60}
        data={choices}
        value={timeZone}
        error={errorsUnder(refusals, 'timeZone')}
        nothingFoundMessage={t('settings.noZone')}
        onChange={(zone) => zone && setTimeZone(zone)}
      />
      {timeZone !== account.timeZone && (
        <ZoneEffect accountId={account.id} before={account.timeZone} after={timeZone} />
      )}
      <Radio.Group
        label={t('settings.order')}
        value={order}
        onChange={(value) => setOrder(value as ConsumptionOrder)}
      >
        <Stack gap="xs" mt="xs">
          {ORDERS.map((one) => (
            <Radio
              key={one}
              value={one}
              label={t(`settings.orders.${one}`)}
              description={t(`settings.orderMeanings.${one}`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      <Textarea
        label={t('settings.origins')}
        description={t('settings.originsMeaning')}
        autosize
        minRows={2}
        maxRows={8}
        value={origins}
        error={errorsUnder(refusals, 'returnOrigins')}
        onChange={(event) => setOrigins(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
