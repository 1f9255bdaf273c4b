import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** A dialog over the page, which the escape key closes unless it must be read to its end. */
export function Dialog(props: {
  title: string;
  size?: 'xl';
  /** Whether only its buttons close it. */
  stays?: boolean;
  onClose(): void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      centered
      onClose={props.onClose}
      closeOnEscape={!props.stays}
      closeOnClickOutside={!props.stays}
      withCloseButton={!props.stays}
      title={props.title}
      size={props.size}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      // Its `header` element is not a banner of the page.
      attributes={{ header: { role: 'presentation' } }}
    >
      {props.children}
    </Modal>
  );
}
