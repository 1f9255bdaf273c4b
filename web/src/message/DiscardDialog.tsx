import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { FormDialog } from '../screen/FormDialog';

/** Asks before a draft is thrown away. */
export function DiscardDialog(props: { onDiscard(): void; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <FormDialog
      title={t('compose.discardTitle')}
      action={t('compose.discard')}
      keep={t('compose.keep')}
      destructive
      busy={false}
      onSubmit={props.onDiscard}
      onClose={props.onClose}
    >
      <Text size="sm">{t('compose.discardMeaning')}</Text>
    </FormDialog>
  );
}
