import { Radio, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { otherErrors, received, type UserError } from '../screen/user_errors';
import { SecretDialog } from './SecretDialog';

const ROTATE = graphql(`
  mutation RotateApiKey($input: RotateApiKeyInput!) {
    rotateApiKey(input: $input) {
      secret
      userErrors {
        field
        message
      }
    }
  }
`);

/** For how long the old key may go on, in minutes. */
const OVERLAPS = { atOnce: 0, hour: 60, day: 24 * 60, week: 7 * 24 * 60 } as const;

type Overlap = keyof typeof OVERLAPS;

/** Replaces a key by a new one with the same rights, and then shows its secret, once. */
export function ReplaceDialog(props: { apiKey: { id: string; name: string }; onClose(): void }) {
  const { t } = useTranslation();
  const { id, name } = props.apiKey;
  const [overlap, setOverlap] = useState<Overlap>('day');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [secret, setSecret] = useState<string>();
  const [{ error, fetching }, rotate] = useMutation(ROTATE);

  async function submit() {
    const { data } = await rotate({ input: { id, overlapMinutes: OVERLAPS[overlap] } });
    if (!data) return;
    const { userErrors } = data.rotateApiKey;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) setSecret(data.rotateApiKey.secret ?? undefined);
  }

  if (secret) return <SecretDialog secret={secret} onClose={props.onClose} />;
  return (
    <FormDialog
      title={t('keys.replaceTitle', { name })}
      action={t('keys.replace')}
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <Radio.Group
        label={t('keys.overlap')}
        description={t('keys.overlapMeaning')}
        value={overlap}
        onChange={(value) => setOverlap(value as Overlap)}
      >
        <Stack gap="xs" mt="xs">
          {(Object.keys(OVERLAPS) as Overlap[]).map((one) => (
            <Radio key={one} value={one} label={t(`keys.overlaps.${one}`)} />
          ))}
        </Stack>
      </Radio.Group>
    </FormDialog>
  );
}
