import { useTranslation } from 'react-i18next';
import type { FragmentType } from '../generated';
import { Dialog } from '../screen/Dialog';
import { type EXPLAINED, Explanation } from './Explanation';

/** One message, and why it costs what it does. */
export function MessageDialog(props: {
  message: FragmentType<typeof EXPLAINED>;
  timeZone: string;
  onClose(): void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('column.message')} size="xl" onClose={props.onClose}>
      <Explanation message={props.message} timeZone={props.timeZone} />
    </Dialog>
  );
}
