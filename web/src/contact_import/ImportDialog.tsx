import { Alert, Button, Checkbox, FileInput, Group, Select, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { destinations } from '../country/countries';
import { graphql } from '../generated';
import type { ImportContactsMutation } from '../generated/graphql';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { received, type UserError } from '../screen/user_errors';
import { FilePreview } from './FilePreview';
import { ImportResult } from './ImportResult';
import { MappingFields } from './MappingFields';
import { type Choices, guessed, mappingInput } from './mapping';

const PREVIEW = graphql(`
  query ContactImportPreview($file: Upload!) {
    contactImportPreview(file: $file) {
      columns {
        header
        mergeField
        isPhoneColumn
      }
      rows {
        cells
      }
      ...FilePreview
    }
  }
`);

const IMPORT = graphql(`
  mutation ImportContacts($input: ImportContactsInput!) {
    importContacts(input: $input) {
      ...ImportResult
      import {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** The largest file that the server accepts. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

interface Props {
  list: { id: string; name: string };
  onClose(): void;
}

/** Imports contacts from a file into a list, after a preview in which its columns can be mapped. */
export function ImportDialog({ list, onClose }: Props) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const [result, setResult] = useState<ImportContactsMutation['importContacts']>();
  return (
    <Dialog onClose={onClose} title={t('import.title', { list: list.name })} size="xl">
      {result ? (
        <ImportResult
          result={result}
          onAgain={() => {
            setResult(undefined);
            setFile(null);
          }}
          onClose={onClose}
        />
      ) : (
        <Stack gap="md">
          <FileInput
            label={t('import.file')}
            description={t('import.fileMeaning')}
            placeholder={t('import.chooseFile')}
            accept=".csv,.tsv,.txt,.xlsx"
            data-autofocus
            value={file}
            error={file && file.size > MAX_FILE_BYTES ? t('import.tooLarge') : undefined}
            onChange={setFile}
          />
          {file && file.size <= MAX_FILE_BYTES ? (
            <FileForm
              // Another file starts with its own guesses.
              key={`${file.name} ${file.size} ${file.lastModified}`}
              listId={list.id}
              file={file}
              onDone={setResult}
              onClose={onClose}
            />
          ) : (
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {t('action.cancel')}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Dialog>
  );
}

interface FormProps {
  listId: string;
  file: File;
  onDone(result: ImportContactsMutation['importContacts']): void;
  onClose(): void;
}

/** The contents of a chosen file, the use of its columns, and the button that imports it. */
function FileForm({ listId, file, onDone, onClose }: FormProps) {
  const { t } = useTranslation();
  const [{ data, error, fetching }, retry] = useQuery({
    query: PREVIEW,
    variables: { file },
    requestPolicy: 'network-only',
  });
  const [{ error: failure, fetching: importing }, runImport] = useMutation(IMPORT);
  const [chosen, setChosen] = useState<Choices>();
  const [country, setCountry] = useState<string | null>(null);
  const [acceptLandlines, setAcceptLandlines] = useState(false);
  const [updateExisting, setUpdateExisting] = useState(false);
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [noPhone, setNoPhone] = useState(false);

  if (fetching) return <Pending rows={4} />;
  if (error) return <Failure error={error} onRetry={retry} />;
  const preview = data?.contactImportPreview;
  if (!preview) return null;
  const { columns } = preview;
  const choices = chosen ?? guessed(columns);
  const { positions, ...mapping } = mappingInput(columns, choices);
  const errors = errorsByInput(refusals, positions);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setNoPhone(choices.phone === undefined);
    setRefusals([]);
    if (choices.phone === undefined) return;
    const input = {
      listId,
      file,
      ...mapping,
      defaultCountry: country,
      acceptLandlines,
      updateExisting,
    };
    const { data: answer } = await runImport({ input });
    if (!answer) return;
    const payload = answer.importContacts;
    // An import that has started has a result, even if it stopped.
    if (payload.import) onDone(payload);
    else setRefusals(received(payload.userErrors));
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {failure && <Failure error={failure} />}
        {errors.elsewhere && (
          <Alert color="red" role="alert">
            {errors.elsewhere}
          </Alert>
        )}
        <FilePreview preview={preview} isMapped={choices.phone !== undefined} />
        <MappingFields
          columns={columns}
          rows={preview.rows}
          choices={choices}
          phoneError={noPhone ? t('import.choosePhone') : errors.phone}
          columnErrors={errors.columns}
          onChange={(changed) => {
            setChosen(changed);
            setNoPhone(false);
            setRefusals([]);
          }}
        />
        <Select
          label={t('import.country')}
          description={t('import.countryMeaning')}
          placeholder={t('import.noCountry')}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('import.clearCountry') }}
          data={destinations()}
          value={country}
          error={errors.country}
          onChange={setCountry}
        />
        <Checkbox
          label={t('import.landlines')}
          description={t('import.landlinesMeaning')}
          checked={acceptLandlines}
          onChange={(event) => setAcceptLandlines(event.currentTarget.checked)}
        />
        <Checkbox
          label={t('import.update')}
          description={t('import.updateMeaning')}
          checked={updateExisting}
          onChange={(event) => setUpdateExisting(event.currentTarget.checked)}
        />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {importing ? t('import.goesOn') : t('action.cancel')}
          </Button>
          <Button type="submit" loading={importing}>
            {t('action.import')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/**
 * Assigns errors to the inputs that they are about; `positions` are those of the columns that were
 * sent.
 */
function errorsByInput(refusals: readonly UserError[], positions: readonly number[]) {
  const columns = new Map<number, string>();
  let phone: string | undefined;
  let country: string | undefined;
  const elsewhere: string[] = [];
  for (const { field, message } of refusals) {
    const [, name, at] = field ?? [];
    const position = name === 'columns' && at !== undefined ? positions[Number(at)] : undefined;
    if (position !== undefined) columns.set(position, message);
    else if (name === 'phoneColumn') phone = message;
    else if (name === 'defaultCountry') country = message;
    else elsewhere.push(message);
  }
  return { columns, phone, country, elsewhere: elsewhere.join(' ') || undefined };
}
