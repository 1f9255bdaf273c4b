import { Alert, Button, Checkbox, FileInput, Group, Select, Stack } from '@mantine/core';
import { type FormEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useQuery } from 'urql';
import { destinations } from '../country/countries';
import { graphql } from '../generated';
import { Dialog } from '../screen/Dialog';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import type { UserError } from '../screen/user_errors';
import { FilePreview } from './FilePreview';
import { ImportProgress } from './ImportProgress';
import { ImportResult } from './ImportResult';
import { LatestImports } from './LatestImports';
import { type ImportState, importOf, useLatestImports } from './latest';
import { MappingFields } from './MappingFields';
import { type Choices, guessed, mappingInput } from './mapping';
import { forgetUpload, upload as send, type Upload, useUploads } from './uploads';

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

/** The largest file that the server accepts. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

interface Props {
  list: { id: string; name: string };
  timeZone: string;
  /** The import to show first. */
  importId?: string;
  onClose(): void;
}

/**
 * Imports contacts from a file into a list, after a preview in which its columns can be mapped, and
 * shows how far the import is and what came of it. Closing the dialog stops nothing: opened again,
 * it shows the import that runs.
 */
export function ImportDialog({ list, timeZone, importId, onClose }: Props) {
  const { t } = useTranslation();
  const upload = useUploads().get(list.id);
  const [file, setFile] = useState<File | null>(upload?.file ?? null);
  const [chosen, choose] = useState(importId);
  const ids = useMemo(() => [list.id], [list.id]);
  const latest = useLatestImports(ids, upload?.isOpen === true);
  const imports = latest.imports?.get(list.id);
  const running = imports?.find(({ status }) => status === 'RUNNING');
  // One that was begun elsewhere, or before a reload, is shown instead of the question for a file.
  if (running && !chosen && !upload && !file) choose(running.id);
  const shown = chosen ?? upload?.importId ?? (upload && imports && importOf(upload, imports)?.id);
  const state = imports?.find(({ id }) => id === shown);

  function close() {
    // The outcome has been seen, except of a file that is still on its way.
    if (!upload?.isOpen) forgetUpload(list.id);
    onClose();
  }

  return (
    <Dialog onClose={close} title={t('import.title', { list: list.name })} size="xl">
      {shown && state?.status !== 'RUNNING' && (
        <ImportResult
          key={shown}
          importId={shown}
          onAgain={() => {
            forgetUpload(list.id);
            choose(undefined);
            setFile(null);
          }}
          onClose={close}
        />
      )}
      {shown && state?.status === 'RUNNING' && <ImportProgress state={state} onClose={close} />}
      {!shown && upload?.isOpen && <ImportProgress upload={upload} onClose={close} />}
      {!shown && (
        // Hidden while the file is sent, so that a refused one can be corrected.
        <Stack gap="md" display={upload?.isOpen ? 'none' : undefined}>
          <FileInput
            label={t('import.file')}
            description={t('import.fileMeaning')}
            placeholder={t('import.chooseFile')}
            accept=".csv,.tsv,.txt,.xlsx"
            data-autofocus
            value={file}
            error={file && file.size > MAX_FILE_BYTES ? t('import.tooLarge') : undefined}
            onChange={(next) => {
              forgetUpload(list.id);
              setFile(next);
            }}
          />
          {file && file.size <= MAX_FILE_BYTES ? (
            <FileForm
              // Another file starts with its own guesses.
              key={`${file.name} ${file.size} ${file.lastModified}`}
              listId={list.id}
              file={file}
              known={imports ?? []}
              upload={upload}
              onClose={close}
            />
          ) : (
            <>
              <LatestImports imports={imports ?? []} timeZone={timeZone} onOpen={choose} />
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  {t('action.cancel')}
                </Button>
              </Group>
            </>
          )}
        </Stack>
      )}
    </Dialog>
  );
}

interface FormProps {
  listId: string;
  file: File;
  /** The list's imports so far. */
  known: readonly ImportState[];
  /** What became of the file, if it was sent. */
  upload?: Upload;
  onClose(): void;
}

/** The contents of a chosen file, the use of its columns, and the button that imports it. */
function FileForm({ listId, file, known, upload, onClose }: FormProps) {
  const { t } = useTranslation();
  const [{ data, error, fetching }, retry] = useQuery({
    query: PREVIEW,
    variables: { file },
    requestPolicy: 'network-only',
  });
  const client = useClient();
  const [chosen, setChosen] = useState<Choices>();
  const [country, setCountry] = useState<string | null>(null);
  const [acceptLandlines, setAcceptLandlines] = useState(false);
  const [updateExisting, setUpdateExisting] = useState(false);
  const [noPhone, setNoPhone] = useState(false);

  if (fetching) return <Pending rows={4} />;
  if (error) return <Failure error={error} onRetry={retry} />;
  const preview = data?.contactImportPreview;
  if (!preview) return null;
  const { columns } = preview;
  const choices = chosen ?? guessed(columns);
  const { positions, ...mapping } = mappingInput(columns, choices);
  const errors = errorsByInput(upload?.refusals ?? [], positions);
  const failure = upload?.error;

  function submit(event: FormEvent) {
    event.preventDefault();
    setNoPhone(choices.phone === undefined);
    forgetUpload(listId);
    if (choices.phone === undefined) return;
    const input = {
      listId,
      file,
      ...mapping,
      defaultCountry: country,
      acceptLandlines,
      updateExisting,
    };
    send(client, input, new Set(known.map(({ id }) => id)));
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
            forgetUpload(listId);
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
            {t('action.cancel')}
          </Button>
          <Button type="submit">{t('action.import')}</Button>
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
