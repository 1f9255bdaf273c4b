import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import type { Role } from '../generated/graphql';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { formatInstant } from '../time/format';
import { instantsOf } from '../time/period';
import { SecretDialog } from './SecretDialog';

const CREATE = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      id
      secret
      userErrors {
        field
        message
      }
    }
  }
`);

/** Makes a key, and then shows its secret, once. */
export function NewKeyDialog(props: {
  accountId?: string;
  roles: readonly Role[];
  timeZone: string;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { accountId, roles, timeZone, onClose } = props;
  const [name, setName] = useState('');
  // The role that may do least, unless another is chosen.
  const [role, setRole] = useState(roles.includes('VIEWER') ? 'VIEWER' : roles.at(-1));
  const [lastDay, setLastDay] = useState('');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [secret, setSecret] = useState<string>();
  const [{ error, fetching }, create] = useMutation(CREATE);
  const expiresAt = lastDay ? instantsOf({ first: lastDay, last: lastDay }, timeZone).to : null;

  async function submit() {
    if (!role) return;
    setRefusals([]);
    const { data } = await create({ input: { accountId, role, name, expiresAt } });
    if (!data) return;
    const { userErrors } = data.createApiKey;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) setSecret(data.createApiKey.secret ?? undefined);
  }

  if (secret) return <SecretDialog secret={secret} onClose={onClose} />;
  return (
    <FormDialog
      title={t('keys.create')}
      action={t('keys.create')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals, 'name', 'expiresAt')}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label={t('keys.name')}
        description={t('keys.nameMeaning')}
        attributes={{ input: { dir: 'auto' } }}
        data-autofocus
        autoComplete="off"
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Radio.Group
        label={t('column.role')}
        value={role}
        onChange={(value) => setRole(value as Role)}
      >
        <Stack gap="xs" mt="xs">
          {roles.map((one) => (
            <Radio
              key={one}
              value={one}
              label={t(`role.${one}`)}
              description={t(`roleMeaning.${one}`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        type="date"
        label={t('keys.lastDay')}
        description={
          expiresAt
            ? t('keys.endsAt', { at: formatInstant(expiresAt, timeZone), timeZone })
            : t('keys.lastDayMeaning')
        }
        value={lastDay}
        error={errorsUnder(refusals, 'expiresAt')}
        onChange={(event) => setLastDay(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
