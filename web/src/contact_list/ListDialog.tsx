import { Button, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { ArchiveListDialog } from './ArchiveListDialog';

const CREATE = graphql(`
  mutation CreateList($input: CreateContactListInput!) {
    createContactList(input: $input) {
      list {
        id
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);

const RENAME = graphql(`
  mutation RenameList($input: UpdateContactListInput!) {
    updateContactList(input: $input) {
      list {
        id
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** Creates a list, or renames one, from where it is archived, too. */
export function ListDialog(props: {
  accountId: string;
  list?: { id: string; name: string; recipientCount: number };
  onClose(): void;
}) {
  const { t } = useTranslation();
  const { accountId, list, onClose } = props;
  const [name, setName] = useState(list?.name ?? '');
  const [archiving, setArchiving] = useState(false);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [created, create] = useMutation(CREATE);
  const [renamed, rename] = useMutation(RENAME);

  async function submit() {
    setRefusals([]);
    const errors = list
      ? (await rename({ input: { listId: list.id, name } })).data?.updateContactList.userErrors
      : (await create({ input: { accountId, name } })).data?.createContactList.userErrors;
    if (!errors) return;
    setRefusals(received(errors));
    if (errors.length === 0) onClose();
  }

  if (list && archiving) return <ArchiveListDialog list={list} onClose={onClose} />;
  return (
    <FormDialog
      title={list ? t('lists.editTitle', { list: list.name }) : t('lists.create')}
      action={list ? t('action.save') : t('lists.create')}
      busy={created.fetching || renamed.fetching}
      error={created.error ?? renamed.error}
      problem={otherErrors(refusals, 'name')}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label={t('column.name')}
        attributes={{ input: { dir: 'auto' } }}
        autoComplete="off"
        data-autofocus
        value={name}
        error={errorsUnder(refusals, 'name')}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setRefusals([]);
        }}
      />
      {list ? (
        <Group>
          <Button size="xs" variant="light" color="red" onClick={() => setArchiving(true)}>
            {t('lists.archive')}
          </Button>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {t('lists.createMeaning')}
        </Text>
      )}
    </FormDialog>
  );
}
