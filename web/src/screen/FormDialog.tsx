import { Alert, Button, Group, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CombinedError } from 'urql';
import { Dialog } from './Dialog';
import { Failure } from './Failure';

/** A dialog with fields, what is wrong with them, and the buttons that save or leave. */
export function FormDialog(props: {
  title: string;
  size?: 'xl';
  /** The name of the button that does it. */
  action: string;
  /** Whether it can't be undone. */
  destructive?: boolean;
  busy: boolean;
  disabled?: boolean;
  /** A failed request. */
  error?: CombinedError;
  /** What the server says, if no field shows it. */
  problem?: string;
  onSubmit(): void;
  onClose(): void;
  children?: ReactNode;
}) {
  const { t } = useTranslation();

  function submit(event: FormEvent) {
    event.preventDefault();
    props.onSubmit();
  }

  return (
    <Dialog onClose={props.onClose} title={props.title} size={props.size}>
      <form onSubmit={submit} noValidate>
        <Stack gap="md">
          {props.error && <Failure error={props.error} />}
          {props.problem && (
            <Alert color="red" role="alert">
              {props.problem}
            </Alert>
          )}
          {props.children}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={props.onClose}>
              {t('action.cancel')}
            </Button>
            <Button
              type="submit"
              color={props.destructive ? 'red' : undefined}
              loading={props.busy}
              disabled={props.disabled}
            >
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
