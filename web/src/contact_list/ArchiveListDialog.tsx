import { Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { otherErrors, received, type UserError } from '../screen/user_errors';

const ARCHIVE = graphql(`
  mutation ArchiveList($input: ArchiveContactListInput!) {
    archiveContactList(input: $input) {
      list {
        id
      }
      balance {
        ...BalanceFigures
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** Archives a list, after saying what is deleted with it. */
export function ArchiveListDialog(props: {
  list: { id: string; name: string; recipientCount: number };
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { list } = props;
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ error, fetching }, archive] = useMutation(ARCHIVE);

  async function submit() {
    const { data } = await archive({ input: { listId: list.id } });
    if (!data) return;
    const { userErrors } = data.archiveContactList;
    setRefusals(received(userErrors));
    if (userErrors.length === 0) props.onClose();
  }

  return (
    <FormDialog
      title={t('lists.archiveTitle', { list: list.name })}
      action={t('action.archive')}
      destructive
      busy={fetching}
      error={error}
      problem={otherErrors(refusals)}
      onSubmit={submit}
      onClose={props.onClose}
    >
      <Text size="sm">{t('lists.archiveMeaning', { count: list.recipientCount })}</Text>
    </FormDialog>
  );
}
